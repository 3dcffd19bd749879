-- How fresh is each table, and is anything missing?

SELECT dataset, newest_complete_day, days_behind, complete_days, missing_days, expiring_days,
       lost_days
FROM freshness
ORDER BY days_behind DESC, missing_days DESC, dataset
