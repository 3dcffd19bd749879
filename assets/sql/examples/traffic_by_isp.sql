-- Through which carriers did last week's traffic go?

WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM traffic_daily_by_isp
)
SELECT isp, isp_name, round(sum(down_traffic_bytes) / 1e12, 2) AS down_tb,
       round(100 * sum(down_traffic_bytes) / sum(sum(down_traffic_bytes)) OVER (), 1) AS "%"
FROM traffic_daily_by_isp JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE domain = coalesce(getvariable('domain'), domain)
GROUP BY isp, isp_name
ORDER BY sum(down_traffic_bytes) DESC
LIMIT 6
