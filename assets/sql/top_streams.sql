-- The streams with most downstream traffic in any range of days, from the traffic of every stream
-- and day. Daily top lists cannot be merged into this: who is never in one day's list may still be
-- first of a month.
-- group: streams
-- kind: macro
-- parameters:
--   first_day: First day of the range, in the business time zone.
--   last_day: Last day of the range, included.
--   n = 20: How many streams.
-- columns:
--   rank: 1 is the first; equal traffic has the same rank.
--   domain: Pull domain.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   down_traffic_bytes [bytes]: Downstream traffic of the range.
--   down_traffic_percent [%]: Part of the downstream traffic of all streams in the range, 0 to 100.
--   days [days]: Days of the range on which it had traffic.
--   peak_online_users [users]: Most concurrent viewers on any day of the range.
WITH summed AS (
    SELECT domain, app, stream,
           sum(down_traffic_bytes) AS bytes,
           count(*) FILTER (down_traffic_bytes > 0) AS days,
           max(peak_online_users) AS peak_online_users
    FROM stream_traffic_daily
    WHERE business_date BETWEEN first_day AND last_day
    GROUP BY domain, app, stream
),
ranked AS (
    SELECT rank() OVER (ORDER BY bytes DESC) AS rank, *,
           100 * bytes / nullif(sum(bytes) OVER (), 0) AS down_traffic_percent
    FROM summed
    WHERE bytes > 0
)
SELECT rank, domain, app, stream, bytes AS down_traffic_bytes, down_traffic_percent, days,
       peak_online_users
FROM ranked
WHERE rank <= n
ORDER BY rank, domain, app, stream
