-- When did the whole account have most viewers on each day of the last week?

-- Not the sum of the domains' peaks: they have theirs at different times.
WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM viewers_daily_account
)
SELECT business_date, peak_online_users, strftime(peak_at, '%H:%M') AS at,
       round(avg_online_users)::BIGINT AS avg_online_users
FROM viewers_daily_account JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE online_user_type = 'Online'
ORDER BY business_date
