-- When did the whole account have most viewers on each day of the last week?

-- Not the sum of the domains' peaks: they have theirs at different times.
SELECT business_date, peak_online_users, strftime(peak_at, '%H:%M') AS at,
       round(avg_online_users)::BIGINT AS avg_online_users
FROM viewers_daily_account
WHERE online_user_type = 'Online'
  AND business_date > (SELECT max(business_date) FROM viewers_daily_account) - 7
ORDER BY business_date
