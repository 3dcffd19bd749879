-- When, where and with which carrier did 5xx answers pile up?

WITH counted AS (
    SELECT time_bucket(INTERVAL 30 MINUTE, slot_start_at) AS start_at, domain, isp,
           sum(status_count)::BIGINT AS responses,
           coalesce(sum(status_count) FILTER (status_code >= 500), 0)::BIGINT AS of_them_5xx
    FROM play_status_code
    WHERE request_type = 'Access' AND domain = coalesce(getvariable('domain'), domain)
    GROUP BY ALL
)
SELECT strftime(start_at, '%Y-%m-%d %H:%M') AS half_hour, domain, isp, responses, of_them_5xx,
       round(100 * of_them_5xx / responses, 1) AS "5xx_%"
FROM counted
WHERE of_them_5xx >= 100  -- a few errors of few requests say nothing
ORDER BY of_them_5xx / responses DESC, half_hour, domain, isp
LIMIT 3
