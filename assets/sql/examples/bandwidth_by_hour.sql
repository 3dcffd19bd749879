-- How high is the bandwidth in each hour of the day, at the peak and on average of the last week?

-- All domains together, or one: the 5-minute averages of an instant may be added, peaks may not.
WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM bandwidth_5min
),
slots AS (
    SELECT business_date, slot_start_at, sum(total_mbps) AS mbps
    FROM bandwidth_5min JOIN asked ON business_date BETWEEN first_day AND last_day
    WHERE domain = coalesce(getvariable('domain'), domain)
    GROUP BY business_date, slot_start_at
),
hours AS (
    SELECT hour(slot_start_at) AS hour_of_day, max(mbps) AS peak,
           sum(mbps) / 12 / (SELECT count(DISTINCT business_date) FROM slots) AS average,
           max_by(slot_start_at, mbps) AS peak_at
    FROM slots
    GROUP BY hour_of_day
)
SELECT hour_of_day, round(peak, 1) AS peak_mbps, strftime(peak_at, '%Y-%m-%d %H:%M') AS peak_at,
       round(average, 1) AS avg_mbps,
       repeat('#', round(30 * peak / max(peak) OVER ())::INTEGER) AS chart
FROM hours
ORDER BY hour_of_day
