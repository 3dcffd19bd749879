-- What share of the answers to viewers were 5xx, by carrier, in the last week?

-- From counts: a mean of percentages would give a quiet hour the weight of a busy one.
WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM error_rate_by_isp
)
SELECT isp, isp_name, sum(responses)::BIGINT AS responses,
       sum(http_5xx_responses)::BIGINT AS of_them_5xx,
       round(100 * sum(http_5xx_responses) / sum(responses), 3) AS "5xx_%"
FROM error_rate_by_isp JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE request_type = 'Access'
GROUP BY isp, isp_name
ORDER BY "5xx_%" DESC, isp
