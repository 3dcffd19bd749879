-- Traffic and viewers of each stream and day, with the names of what it belongs to. Traffic and
-- requests add up over streams and days; peaks never.
-- group: streams
-- kind: view
-- key: business_date, domain, app, stream
-- optional: batch_stream_session
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name.
--   domain_type: push, or pull-flv for a pull domain.
--   vhost: Domain space.
--   project_name: Project of the space.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   up_traffic_bytes [bytes]: Upstream traffic; NULL if batch_stream_traffic has no row.
--   down_traffic_bytes [bytes]: Downstream traffic; NULL if batch_stream_traffic has no row.
--   peak_online_users [users]: Most concurrent viewers (Online: open sessions); NULL if
--     batch_stream_session has no row.
--   requests [requests]: Requests to watch; NULL if batch_stream_session has no row.
SELECT coalesce(t.business_date, s.business_date) AS business_date,
       coalesce(t.domain, s.domain) AS domain, d.domain_type, d.vhost, d.project_name,
       coalesce(t.app, s.app) AS app, coalesce(t.stream, s.stream) AS stream,
       t.up_traffic_bytes, t.down_traffic_bytes, s.peak_online_users, s.requests
FROM batch_stream_traffic t
FULL JOIN (FROM batch_stream_session WHERE online_user_type = 'Online') s
    ON s.business_date = t.business_date AND s.domain = t.domain AND s.app = t.app
       AND s.stream = t.stream
LEFT JOIN dim_domain d ON d.domain = coalesce(t.domain, s.domain)
