-- What the whole account pulled from its origins by day, with the peak as the vendor measures it.
-- Days without an account-wide capture are left out: origin_pull_daily has the domains.
-- group: traffic
-- kind: table by day
-- key: business_date
-- columns:
--   business_date: Calendar day in the business time zone.
--   peak_origin_mbps [Mbps]: Highest peak of a slot.
--   peak_at: Start of the first slot with the peak; NULL if nothing was pulled.
--   origin_traffic_bytes [bytes]: Traffic pulled from the origins.
SELECT
    business_date,
    max(origin_bandwidth_mbps) AS peak_origin_mbps,
    arg_max(slot_start_at, (origin_bandwidth_mbps, -epoch_us(slot_start_at)))
        FILTER (origin_bandwidth_mbps > 0) AS peak_at,
    sum(origin_traffic_bytes) AS origin_traffic_bytes
FROM source_traffic_account
GROUP BY business_date
