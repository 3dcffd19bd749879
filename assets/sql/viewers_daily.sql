-- Viewers of each domain and day: the peak with its time, the average, and minutes watched, from
-- its slots. A slot's figure is the peak inside it, so average and minutes are a little above
-- the truth. Peaks of domains or days are never added: see viewers_daily_account for all domains
-- together.
-- group: viewers
-- kind: table by day
-- key: business_date, domain, online_user_type
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name.
--   online_user_type: How viewers are counted: Online (open sessions), Viewer (sessions seen in the
--     minute), ClientIP (distinct addresses). Never mix them.
--   peak_online_users [users]: Most concurrent viewers.
--   peak_at: Start of the first slot with the peak; NULL if there were no viewers.
--   avg_online_users [users]: Average of the slots over the whole day; slots without a row count as
--     0.
--   viewer_minutes [minutes]: Minutes watched: each slot's viewers times its length.
--   requests [requests]: Requests of the day. The same whatever the online_user_type.
WITH slots AS (
    SELECT *, max(online_users) OVER (PARTITION BY business_date, domain, online_user_type) AS peak
    FROM stream_session_by_domain
)
SELECT business_date, domain, online_user_type,
       max(peak) AS peak_online_users,
       min(slot_start_at) FILTER (online_users = peak AND peak > 0) AS peak_at,
       sum(online_users * slot_seconds)
           / ((epoch_us(timezone(max(time_zone), (business_date + 1)::TIMESTAMP))
               - epoch_us(timezone(max(time_zone), business_date::TIMESTAMP))) / 1e6)
           AS avg_online_users,
       sum(online_users * slot_seconds) / 60 AS viewer_minutes,
       sum(requests)::BIGINT AS requests
FROM slots, meta.archive
GROUP BY business_date, domain, online_user_type
