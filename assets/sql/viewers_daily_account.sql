-- Viewers of the whole account by day: from the vendor's own series of the account where it is
-- captured. Else domains are added up in each slot, and the peak is that of the sums, never the sum
-- of peaks; domains that peak at different minutes of one slot make it a little too high.
-- group: viewers
-- kind: table by day
-- key: business_date, online_user_type
-- optional: stream_session_account, stream_session_by_domain
-- columns:
--   business_date: Calendar day in the business time zone.
--   online_user_type: How viewers are counted: Online (open sessions), Viewer (sessions seen in the
--     minute), ClientIP (distinct addresses; where domains are added up, one address on two of them
--     counts twice). Never mix them.
--   peak_online_users [users]: Most viewers of the whole account in one slot.
--   peak_at: Start of the first slot with the peak; NULL if there were no viewers.
--   avg_online_users [users]: Average of the slots over the whole day; slots without a row count as
--     0.
--   viewer_minutes [minutes]: Minutes watched: each slot's viewers times its length.
--   requests [requests]: Requests of the day. The same whatever the online_user_type.
--   basis: account: from stream_session_account. domains: stream_session_by_domain added up, for a
--     day without an account-wide capture.
WITH series AS (
    SELECT business_date, online_user_type, slot_start_at, slot_seconds, online_users, requests,
           'account' AS basis
    FROM stream_session_account
    UNION ALL
    SELECT business_date, online_user_type, slot_start_at, slot_seconds,
           sum(online_users)::BIGINT, sum(requests)::BIGINT, 'domains'
    FROM stream_session_by_domain
    ANTI JOIN (SELECT DISTINCT business_date, online_user_type FROM stream_session_account)
        USING (business_date, online_user_type)
    GROUP BY business_date, online_user_type, slot_start_at, slot_seconds
),
slots AS (
    SELECT *, max(online_users) OVER (PARTITION BY business_date, online_user_type) AS peak
    FROM series
)
SELECT business_date, online_user_type,
       max(peak) AS peak_online_users,
       min(slot_start_at) FILTER (online_users = peak AND peak > 0) AS peak_at,
       sum(online_users * slot_seconds)
           / ((epoch_us(timezone(max(time_zone), (business_date + 1)::TIMESTAMP))
               - epoch_us(timezone(max(time_zone), business_date::TIMESTAMP))) / 1e6)
           AS avg_online_users,
       sum(online_users * slot_seconds) / 60 AS viewer_minutes,
       sum(requests)::BIGINT AS requests,
       max(basis) AS basis
FROM slots, meta.archive
GROUP BY business_date, online_user_type
