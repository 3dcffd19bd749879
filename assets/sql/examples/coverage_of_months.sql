-- Which months are complete enough to compare?

-- A month in which the archive began, or that still runs, has fewer due days than days.
SELECT month, dataset, dayofmonth(last_day(month)) AS days, due_days, complete_days,
       round(100 * complete_days / dayofmonth(last_day(month))) AS "of_month_%"
FROM coverage_monthly
WHERE dataset IN ('edge_stat', 'stream_session_by_domain', 'batch_push_stream_metrics')
ORDER BY dataset, month
