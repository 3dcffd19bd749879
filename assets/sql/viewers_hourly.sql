-- Viewers of each domain and hour, from its slots. A slot's figure is the peak inside it, so
-- average and minutes are a little above the truth. Peaks of domains are never added.
-- group: viewers
-- kind: table by day
-- key: domain, online_user_type, hour_start_at
-- columns:
--   business_date: Calendar day in the business time zone.
--   hour_start_at: Start of the hour.
--   hour_of_day: Hour on the clock of the business time zone, 0 to 23.
--   domain: Domain name.
--   online_user_type: How viewers are counted: Online (open sessions), Viewer (sessions seen in the
--     minute), ClientIP (distinct addresses). Never mix them.
--   peak_online_users [users]: Most concurrent viewers in the hour.
--   avg_online_users [users]: Average of the slots over the hour; slots without a row count as 0.
--   viewer_minutes [minutes]: Minutes watched: each slot's viewers times its length.
--   requests [requests]: Requests of the hour. The same whatever the online_user_type.
WITH slots AS (
    -- Whole hours off the start of the slot: a clock that is set back has the same hour twice.
    SELECT *,
           slot_start_at - to_seconds(
               60 * minute(timezone(time_zone, slot_start_at))
               + second(timezone(time_zone, slot_start_at))) AS hour_start_at,
           hour(timezone(time_zone, slot_start_at)) AS hour_of_day
    FROM stream_session_by_domain, meta.archive
)
SELECT business_date, hour_start_at, hour_of_day, domain, online_user_type,
       max(online_users) AS peak_online_users,
       sum(online_users * slot_seconds) / 3600 AS avg_online_users,
       sum(online_users * slot_seconds) / 60 AS viewer_minutes,
       sum(requests)::BIGINT AS requests
FROM slots
GROUP BY business_date, hour_start_at, hour_of_day, domain, online_user_type
