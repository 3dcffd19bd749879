-- At which hours of the day are how many people watching, on average of the last week?

WITH hours AS (
    SELECT hour_of_day, sum(viewer_minutes) / 60 / count(DISTINCT business_date) AS users
    FROM viewers_hourly
    WHERE online_user_type = 'Online'
      AND business_date > (SELECT max(business_date) FROM viewers_hourly) - 7
    GROUP BY hour_of_day
)
SELECT hour_of_day, round(users)::BIGINT AS avg_online_users,
       repeat('#', round(40 * users / max(users) OVER ())::INTEGER) AS chart
FROM hours
ORDER BY hour_of_day
