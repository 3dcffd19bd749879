-- Traffic and bandwidth of each domain and day, all carriers together. Traffic adds up over domains
-- and days; peaks and percentiles never do, for they are at different times.
-- group: traffic
-- kind: table by day
-- key: business_date, domain
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name.
--   up_traffic_bytes [bytes]: Upstream traffic of the day.
--   down_traffic_bytes [bytes]: Downstream traffic of the day.
--   traffic_bytes [bytes]: Upstream plus downstream traffic of the day.
--   requests [requests]: Requests of the day.
--   average_up_mbps [Mbps]: Average upstream bandwidth over the whole day.
--   average_down_mbps [Mbps]: Average downstream bandwidth over the whole day.
--   average_total_mbps [Mbps]: Average of upstream plus downstream over the whole day.
--   peak_up_mbps [Mbps]: Highest 5-minute average upstream.
--   peak_up_at: When the slot of peak_up_mbps begins; the earliest of equal ones.
--   peak_down_mbps [Mbps]: Highest 5-minute average downstream.
--   peak_down_at: When the slot of peak_down_mbps begins; the earliest of equal ones.
--   peak_total_mbps [Mbps]: Highest 5-minute average of upstream plus downstream.
--   peak_total_at: When the slot of peak_total_mbps begins; the earliest of equal ones.
--   p95_up_mbps [Mbps]: 95th percentile of the day upstream: of 288 points, absent ones as 0, the
--     highest 14 are dropped and the 15th is taken.
--   p95_down_mbps [Mbps]: The same downstream.
--   p95_total_mbps [Mbps]: The same of upstream plus downstream.
--   points_present [points]: 5-minute slots with a row, of 288; the others count as 0.
SELECT
    business_date,
    domain,
    sum(up_traffic_bytes) AS up_traffic_bytes,
    sum(down_traffic_bytes) AS down_traffic_bytes,
    sum(up_traffic_bytes + down_traffic_bytes) AS traffic_bytes,
    sum(requests) AS requests,
    sum(up_traffic_bytes) * 8 / 86400 / 1e6 AS average_up_mbps,
    sum(down_traffic_bytes) * 8 / 86400 / 1e6 AS average_down_mbps,
    sum(up_traffic_bytes + down_traffic_bytes) * 8 / 86400 / 1e6 AS average_total_mbps,
    max(up_mbps) AS peak_up_mbps,
    arg_max(slot_start_at, (up_mbps, -epoch_us(slot_start_at))) AS peak_up_at,
    max(down_mbps) AS peak_down_mbps,
    arg_max(slot_start_at, (down_mbps, -epoch_us(slot_start_at))) AS peak_down_at,
    max(total_mbps) AS peak_total_mbps,
    arg_max(slot_start_at, (total_mbps, -epoch_us(slot_start_at))) AS peak_total_at,
    coalesce(list_extract(max(up_mbps, 15), 15), 0) AS p95_up_mbps,
    coalesce(list_extract(max(down_mbps, 15), 15), 0) AS p95_down_mbps,
    coalesce(list_extract(max(total_mbps, 15), 15), 0) AS p95_total_mbps,
    count(*) AS points_present
FROM bandwidth_5min
GROUP BY business_date, domain
