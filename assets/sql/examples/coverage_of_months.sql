-- Which months are complete enough to compare?

SELECT month, dataset, due_days, complete_days, round(complete_percent) AS "complete_%"
FROM coverage_monthly
WHERE dataset IN ('edge_stat', 'stream_session_by_domain', 'batch_push_stream_metrics')
ORDER BY dataset, month
