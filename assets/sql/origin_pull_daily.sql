-- What a domain pulled from its origins against what it sent to viewers. Both sides are sums of
-- traffic, which add up; ratios do not: divide the sums.
-- group: traffic
-- kind: table by day
-- key: business_date, domain
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name.
--   origin_traffic_bytes [bytes]: Traffic pulled from the origins; NULL if source_traffic has no
--     row of the day and domain.
--   down_traffic_bytes [bytes]: Traffic sent to viewers at the edge; NULL if edge_stat has no row.
--   origin_pull_percent [%]: origin_traffic_bytes of down_traffic_bytes: at 5 one byte was pulled
--     for twenty sent, above 100 more was pulled than watched. NULL if nothing was sent (then all
--     that was pulled was for nobody) or a side is missing.
WITH origin AS (
    SELECT business_date, domain, sum(origin_traffic_bytes) AS origin_traffic_bytes
    FROM source_traffic
    GROUP BY business_date, domain
),
edge AS (
    SELECT business_date, domain, sum(down_traffic_bytes) AS down_traffic_bytes
    FROM edge_stat
    GROUP BY business_date, domain
)
SELECT business_date, domain, origin_traffic_bytes, down_traffic_bytes,
       100 * origin_traffic_bytes / nullif(down_traffic_bytes, 0) AS origin_pull_percent
FROM origin FULL JOIN edge USING (business_date, domain)
-- Push domains send nothing to viewers and pull nothing: they are left out.
WHERE origin_traffic_bytes IS NOT NULL OR down_traffic_bytes > 0
