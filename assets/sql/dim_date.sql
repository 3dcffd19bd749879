-- Calendar days of the archive, from its first day to today, in the business time zone: every day
-- once, also one without data.
-- group: dimensions
-- kind: view
-- key: business_date
-- columns:
--   business_date: Calendar day in the business time zone.
--   day_start_at: When the day begins.
--   year: Calendar year.
--   quarter: Quarter of the year, 1 to 4.
--   month: First day of the calendar month.
--   month_of_year: Month of the year, 1 to 12.
--   iso_week_start: Monday of the week.
--   day_of_month: Day of the month, from 1.
--   iso_day_of_week: 1 Monday to 7 Sunday.
--   is_weekend: Whether it is a Saturday or Sunday.
--   days_in_month [days]: Days of the calendar month.
SELECT
    day::DATE AS business_date,
    timezone(time_zone, day::TIMESTAMP) AS day_start_at,
    year(day) AS year,
    quarter(day) AS quarter,
    date_trunc('month', day)::DATE AS month,
    month(day) AS month_of_year,
    date_trunc('week', day)::DATE AS iso_week_start,
    dayofmonth(day) AS day_of_month,
    isodow(day) AS iso_day_of_week,
    isodow(day) >= 6 AS is_weekend,
    dayofmonth(last_day(day)) AS days_in_month
FROM (
    SELECT unnest(generate_series(
        first_day::TIMESTAMP, last_day::TIMESTAMP, INTERVAL 1 DAY)) AS day
    FROM (SELECT min(business_date) AS first_day, max(business_date) AS last_day FROM ledger)
), meta.archive
