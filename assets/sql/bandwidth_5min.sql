-- Average bandwidth of each domain in each 5-minute slot, all carriers together. It is the slot's
-- traffic over its length, because traffic adds up over carriers, slots and domains. The vendor's
-- bandwidth of edge_stat is the peak inside the slot of one carrier; peaks are never added.
-- A slot without traffic may have no row: it counts as 0. Monitoring data, not the bill.
-- group: traffic
-- kind: table by day
-- key: domain, slot_start_at
-- columns:
--   business_date: Calendar day in the business time zone.
--   slot_start_at: Start of the slot.
--   slot_seconds [s]: Length of the slot.
--   domain: Domain name.
--   up_mbps [Mbps]: Average upstream bandwidth of the slot, 10^6 bits per second.
--   down_mbps [Mbps]: Average downstream bandwidth of the slot.
--   total_mbps [Mbps]: Upstream plus downstream: what the vendor's 95th percentile is taken of.
--   up_traffic_bytes [bytes]: Upstream traffic of the slot.
--   down_traffic_bytes [bytes]: Downstream traffic of the slot.
--   requests [requests]: Requests in the slot.
SELECT
    business_date,
    slot_start_at,
    slot_seconds,
    domain,
    up_traffic_bytes * 8 / slot_seconds / 1e6 AS up_mbps,
    down_traffic_bytes * 8 / slot_seconds / 1e6 AS down_mbps,
    (up_traffic_bytes + down_traffic_bytes) * 8 / slot_seconds / 1e6 AS total_mbps,
    up_traffic_bytes,
    down_traffic_bytes,
    requests
FROM (
    -- Whole bytes: a sum of fractions would differ with the order of the rows.
    SELECT
        business_date,
        slot_start_at,
        slot_seconds,
        domain,
        sum(round(up_traffic_bytes)) AS up_traffic_bytes,
        sum(round(down_traffic_bytes)) AS down_traffic_bytes,
        sum(requests) AS requests
    FROM edge_stat
    GROUP BY business_date, slot_start_at, slot_seconds, domain
)
