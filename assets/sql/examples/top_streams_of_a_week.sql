-- Which streams carried most traffic in the last week?

-- From the traffic of every stream and day: daily top lists cannot be merged.
WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM stream_traffic_daily
)
SELECT rank, domain, stream, round(down_traffic_bytes / 1e12, 2) AS down_tb,
       round(down_traffic_percent, 1) AS "%", days, peak_online_users
FROM top_streams((SELECT first_day FROM asked), (SELECT last_day FROM asked), n := 5)
ORDER BY rank
