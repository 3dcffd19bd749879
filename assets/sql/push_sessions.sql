-- Pushes that have ended, each with what lay between it and the earlier pushes of its stream. Which
-- of two pushes is a reconnect is decided from their times (health_threshold: interruption),
-- because the reasons are free text.
-- group: pushes
-- kind: view
-- key: domain, app, stream, push_started_at, client_ip, occurrence
-- optional: ip_info
-- columns:
--   business_date: Calendar day in the business time zone on which the push began.
--   domain: Push domain.
--   vhost: Domain space of the push domain.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   push_started_at: When the push began.
--   push_ended_at: When the push ended.
--   push_duration_s [s]: Length of the push.
--   break_reason: Why it ended, free text of the vendor.
--   client_ip: Address of the pushing client; '' if unknown. Personal data: see archive.personal_data.
--   occurrence: Number of the row among rows that are otherwise of one key; nearly always 1.
--   client_location: Country or region of the address; NULL if ip_info does not know it.
--   client_province: Province of the address.
--   client_city: City of the address.
--   client_isp: Carrier of the address.
--   earlier_push_ended_at: When the last of the earlier pushes of the stream ended; NULL: there is
--     none.
--   earlier_break_reason: Why that one ended.
--   reconnect_gap_s [s]: From there to push_started_at; NULL: there is none, or it went on beyond.
--   is_interruption: True if the gap is no longer than the limit: the stream was off for that long,
--     and this push goes on with its show.
WITH placed AS (
    SELECT *,
           max(push_ended_at) OVER earlier AS earlier_push_ended_at,
           arg_max(
               break_reason, (push_ended_at, push_started_at, coalesce(client_ip, ''), occurrence)
           ) OVER earlier AS earlier_break_reason
    FROM push_stream_info
    WINDOW earlier AS (
        PARTITION BY domain, app, stream
        ORDER BY push_started_at, push_ended_at, client_ip, occurrence
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),
measured AS (
    SELECT *,
           CASE WHEN push_started_at >= earlier_push_ended_at
                THEN (epoch_us(push_started_at) - epoch_us(earlier_push_ended_at)) // 1000000
           END AS reconnect_gap_s
    FROM placed
)
SELECT timezone(time_zone, push_started_at)::DATE AS business_date,
       m.domain, d.vhost, m.app, m.stream, m.push_started_at, m.push_ended_at, m.push_duration_s,
       m.break_reason, m.client_ip, m.occurrence, i.location AS client_location,
       i.province AS client_province, i.city AS client_city, i.isp AS client_isp,
       m.earlier_push_ended_at, m.earlier_break_reason, m.reconnect_gap_s,
       coalesce(m.reconnect_gap_s <= t.limit_value, false) AS is_interruption
FROM measured m
CROSS JOIN meta.archive
JOIN health_threshold t ON t.reason = 'interruption'
LEFT JOIN dim_domain d ON d.domain = m.domain
LEFT JOIN ip_info i ON i.ip = m.client_ip
