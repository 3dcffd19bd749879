-- How much do we pull from the origins for what we send to viewers?

SELECT domain, round(sum(origin_traffic_bytes) / 1e12, 3) AS origin_tb,
       round(sum(down_traffic_bytes) / 1e12, 2) AS sent_tb,
       round(100 * sum(origin_traffic_bytes) / nullif(sum(down_traffic_bytes), 0), 2)
           AS "pulled_%"
FROM origin_pull_daily
WHERE business_date > (SELECT max(business_date) FROM origin_pull_daily) - 7
GROUP BY domain
ORDER BY sent_tb DESC
