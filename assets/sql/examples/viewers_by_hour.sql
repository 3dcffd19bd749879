-- At which hours of the day are how many people watching, on average of the last week?

WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM viewers_hourly
),
hours AS (
    SELECT hour_of_day, sum(viewer_minutes) / 60 / count(DISTINCT business_date) AS users
    FROM viewers_hourly JOIN asked ON business_date BETWEEN first_day AND last_day
    WHERE online_user_type = 'Online'
      AND domain = coalesce(getvariable('domain'), domain)
    GROUP BY hour_of_day
)
SELECT hour_of_day, round(users)::BIGINT AS avg_online_users,
       repeat('#', round(40 * users / max(users) OVER ())::INTEGER) AS chart
FROM hours
ORDER BY hour_of_day
