-- How much do we pull from the origins for what we send to viewers?

WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM origin_pull_daily
)
SELECT domain, round(sum(origin_traffic_bytes) / 1e12, 3) AS origin_tb,
       round(sum(down_traffic_bytes) / 1e12, 2) AS sent_tb,
       round(100 * sum(origin_traffic_bytes) / nullif(sum(down_traffic_bytes), 0), 2)
           AS "pulled_%"
FROM origin_pull_daily JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE domain = coalesce(getvariable('domain'), domain)
GROUP BY domain
ORDER BY sent_tb DESC
