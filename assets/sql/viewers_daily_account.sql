-- Viewers of the whole account by day: domains are added up in each slot, and the peak is
-- that of the sums, never the sum of peaks. Domains that peak at different minutes of one slot make
-- the sum a little too high.
-- group: viewers
-- kind: table by day
-- key: business_date, online_user_type
-- columns:
--   business_date: Calendar day in the business time zone.
--   online_user_type: How viewers are counted: Online (open sessions), Viewer (sessions seen in the
--     minute), ClientIP (distinct addresses; one address on two domains counts twice). Never mix
--     them.
--   peak_online_users [users]: Most viewers of all domains in one slot.
--   peak_at: Start of the first slot with the peak; NULL if there were no viewers.
--   avg_online_users [users]: Average of the slots over the whole day; slots without a row count as
--     0.
--   viewer_minutes [minutes]: Minutes watched: each slot's viewers times its length.
--   requests [requests]: Requests of the day. The same whatever the online_user_type.
WITH sums AS (
    SELECT business_date, online_user_type, slot_start_at, slot_seconds,
           sum(online_users)::BIGINT AS online_users, sum(requests)::BIGINT AS requests
    FROM stream_session_by_domain
    GROUP BY business_date, online_user_type, slot_start_at, slot_seconds
),
slots AS (
    SELECT *, max(online_users) OVER (PARTITION BY business_date, online_user_type) AS peak
    FROM sums
)
SELECT business_date, online_user_type,
       any_value(peak) AS peak_online_users,
       min(slot_start_at) FILTER (online_users = peak AND peak > 0) AS peak_at,
       sum(online_users * slot_seconds)
           / epoch(timezone(any_value(time_zone), (business_date + 1)::TIMESTAMP)
                   - timezone(any_value(time_zone), business_date::TIMESTAMP)) AS avg_online_users,
       sum(online_users * slot_seconds) / 60 AS viewer_minutes,
       sum(requests)::BIGINT AS requests
FROM slots, meta.archive
GROUP BY business_date, online_user_type
