-- In which countries was last week's traffic watched?

WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM traffic_daily_by_region
)
SELECT area_name, country_name, round(sum(down_traffic_bytes) / 1e9, 1) AS down_gb,
       round(100 * sum(down_traffic_bytes) / sum(sum(down_traffic_bytes)) OVER (), 2) AS "%"
FROM traffic_daily_by_region JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE domain = coalesce(getvariable('domain'), domain)
GROUP BY area_name, country_name
ORDER BY sum(down_traffic_bytes) DESC
LIMIT 6
