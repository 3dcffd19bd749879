-- Which streams carried most traffic in the last week?

-- From the traffic of every stream and day: daily top lists cannot be merged.
SELECT rank, domain, stream, round(down_traffic_bytes / 1e12, 2) AS down_tb,
       round(down_traffic_percent, 1) AS "%", days, peak_online_users
FROM top_streams((SELECT max(business_date) FROM stream_traffic_daily) - 6,
                 (SELECT max(business_date) FROM stream_traffic_daily), n := 5)
ORDER BY rank
