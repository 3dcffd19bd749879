-- In which countries was last week's traffic watched?

SELECT area_name, country_name, round(sum(down_traffic_bytes) / 1e9, 1) AS down_gb,
       round(100 * sum(down_traffic_bytes) / sum(sum(down_traffic_bytes)) OVER (), 2) AS "%"
FROM traffic_daily_by_region
WHERE business_date > (SELECT max(business_date) FROM traffic_daily_by_region) - 7
GROUP BY area_name, country_name
ORDER BY sum(down_traffic_bytes) DESC
LIMIT 6
