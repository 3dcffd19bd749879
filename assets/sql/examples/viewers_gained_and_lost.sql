-- Which domains lost most viewers in the last week against the week before, and which gained?

-- Averages of the captured days, so that a day that lacks is no loss. The week before is as long as
-- the days asked for.
WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day,
           first_day - (last_day - first_day + 1)::INTEGER AS first_day_before
    FROM viewers_daily
),
days AS (
    SELECT *, business_date >= first_day AS is_asked
    FROM viewers_daily JOIN asked ON business_date BETWEEN first_day_before AND last_day
    WHERE online_user_type = 'Online'
),
counted AS (
    SELECT count(DISTINCT business_date) FILTER (is_asked) AS days,
           count(DISTINCT business_date) FILTER (NOT is_asked) AS days_before
    FROM days
),
compared AS (
    SELECT domain, max(c.days) AS days, max(days_before) AS days_before,
           coalesce(sum(viewer_minutes) FILTER (is_asked), 0) / nullif(1440 * max(c.days), 0)
               AS users,
           coalesce(sum(viewer_minutes) FILTER (NOT is_asked), 0)
               / nullif(1440 * max(days_before), 0) AS users_before,
           max(peak_online_users) FILTER (is_asked) AS peak_online_users,
           max(peak_online_users) FILTER (NOT is_asked) AS peak_before
    FROM days, counted AS c
    WHERE domain = coalesce(getvariable('domain'), domain)
    GROUP BY domain
)
SELECT domain, round(users, 1) AS avg_online_users, round(users_before, 1) AS avg_before,
       round(users - users_before, 1) + 0.0 AS change,  -- no -0
       round(100 * (users - users_before) / nullif(users_before, 0), 1) + 0.0 AS "change_%",
       peak_online_users, peak_before, days, days_before
FROM compared
ORDER BY change NULLS LAST, domain
