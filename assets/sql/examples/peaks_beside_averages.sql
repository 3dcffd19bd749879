-- How high were last week's peaks of the account and its domains, beside 5-minute averages?

-- The peaks are the vendor's own, inside of a slot. Those of domains do not add up.
WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM edge_stat_account
),
peaks AS (
    SELECT 'the account' AS whose, business_date, slot_start_at, down_bandwidth_mbps
    FROM edge_stat_account
    UNION ALL
    SELECT domain, business_date, slot_start_at, down_bandwidth_mbps FROM edge_stat_by_domain
),
averages AS (
    SELECT 'the account' AS whose, slot_start_at, down_mbps FROM bandwidth_5min_account
    UNION ALL
    SELECT domain, slot_start_at, down_mbps FROM bandwidth_5min
)
SELECT whose, round(max(down_bandwidth_mbps)) AS peak_mbps,
       strftime(arg_max(slot_start_at, down_bandwidth_mbps), '%Y-%m-%d %H:%M') AS at,
       round(max(down_mbps)) AS highest_average_mbps
FROM peaks LEFT JOIN averages USING (whose, slot_start_at)
    JOIN asked ON business_date BETWEEN first_day AND last_day
GROUP BY whose HAVING max(down_bandwidth_mbps) > 0
ORDER BY peak_mbps DESC, whose
