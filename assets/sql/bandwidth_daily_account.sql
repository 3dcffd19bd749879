-- Peaks of the whole account by day as the vendor measures them, with traffic and requests: the
-- totals that its answers state. A 5-minute average, as in bandwidth_5min_account, is never above
-- the peak inside its slot. Days without an account-wide capture are left out. Monitoring data, not
-- the bill.
-- group: traffic
-- kind: table by day
-- key: business_date
-- columns:
--   business_date: Calendar day in the business time zone.
--   peak_up_mbps [Mbps]: Highest upstream peak of a slot.
--   peak_up_at: Start of the first slot with the highest upstream peak; NULL without traffic.
--   peak_down_mbps [Mbps]: Highest downstream peak of a slot.
--   peak_down_at: Start of the first slot with the highest downstream peak; NULL without traffic.
--   up_traffic_bytes [bytes]: Upstream traffic of the day.
--   down_traffic_bytes [bytes]: Downstream traffic of the day.
--   requests [requests]: Requests of the day.
SELECT
    business_date,
    max(up_bandwidth_mbps) AS peak_up_mbps,
    arg_max(slot_start_at, (up_bandwidth_mbps, -epoch_us(slot_start_at)))
        FILTER (up_bandwidth_mbps > 0) AS peak_up_at,
    max(down_bandwidth_mbps) AS peak_down_mbps,
    arg_max(slot_start_at, (down_bandwidth_mbps, -epoch_us(slot_start_at)))
        FILTER (down_bandwidth_mbps > 0) AS peak_down_at,
    sum(up_traffic_bytes) AS up_traffic_bytes,
    sum(down_traffic_bytes) AS down_traffic_bytes,
    sum(requests) AS requests
FROM edge_stat_account
GROUP BY business_date
