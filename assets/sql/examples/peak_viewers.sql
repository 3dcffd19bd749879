-- How many viewers did each domain have at its peak yesterday, and when?

SELECT domain, peak_online_users, strftime(peak_at, '%H:%M') AS at,
       round(avg_online_users)::BIGINT AS avg_online_users,
       round(viewer_minutes / 60)::BIGINT AS viewer_hours
FROM viewers_daily
WHERE online_user_type = 'Online'
  AND business_date = coalesce(getvariable('day')::DATE,
                               (SELECT max(business_date) FROM viewers_daily))
  AND domain = coalesce(getvariable('domain'), domain)
ORDER BY peak_online_users DESC
