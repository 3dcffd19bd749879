-- Through which carriers did last week's traffic go?

SELECT isp, isp_name, round(sum(down_traffic_bytes) / 1e12, 2) AS down_tb,
       round(100 * sum(down_traffic_bytes) / sum(sum(down_traffic_bytes)) OVER (), 1) AS "%"
FROM traffic_daily_by_isp
WHERE business_date > (SELECT max(business_date) FROM traffic_daily_by_isp) - 7
GROUP BY isp, isp_name
ORDER BY sum(down_traffic_bytes) DESC
LIMIT 6
