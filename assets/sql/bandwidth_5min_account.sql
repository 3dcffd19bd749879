-- Average bandwidth of the whole account in each 5-minute slot: the domains added up instant by
-- instant, which averages allow and peaks do not. Monitoring data, not the bill.
-- group: traffic
-- kind: view
-- key: slot_start_at
-- columns:
--   business_date: Calendar day in the business time zone.
--   slot_start_at: Start of the slot.
--   slot_seconds [s]: Length of the slot.
--   up_mbps [Mbps]: Average upstream bandwidth of the slot.
--   down_mbps [Mbps]: Average downstream bandwidth of the slot.
--   total_mbps [Mbps]: Upstream plus downstream.
--   up_traffic_bytes [bytes]: Upstream traffic of the slot.
--   down_traffic_bytes [bytes]: Downstream traffic of the slot.
--   requests [requests]: Requests in the slot.
SELECT
    business_date,
    slot_start_at,
    slot_seconds,
    sum(up_traffic_bytes) * 8 / slot_seconds / 1e6 AS up_mbps,
    sum(down_traffic_bytes) * 8 / slot_seconds / 1e6 AS down_mbps,
    sum(up_traffic_bytes + down_traffic_bytes) * 8 / slot_seconds / 1e6 AS total_mbps,
    sum(up_traffic_bytes) AS up_traffic_bytes,
    sum(down_traffic_bytes) AS down_traffic_bytes,
    sum(requests) AS requests
FROM bandwidth_5min
GROUP BY business_date, slot_start_at, slot_seconds
