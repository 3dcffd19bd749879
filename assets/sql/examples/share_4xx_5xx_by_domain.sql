-- What share of the answers to viewers were 4xx and 5xx, by domain, in the last week?

-- From counts: a mean of percentages would give a quiet day the weight of a busy one. 4xx has 499:
-- the viewer went away.
WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM error_rate_daily
)
SELECT domain, sum(responses)::BIGINT AS responses,
       sum(http_4xx_responses)::BIGINT AS of_them_4xx,
       sum(http_5xx_responses)::BIGINT AS of_them_5xx,
       round(100 * sum(http_4xx_responses) / sum(responses), 3) AS "4xx_%",
       round(100 * sum(http_5xx_responses) / sum(responses), 3) AS "5xx_%"
FROM error_rate_daily JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE request_type = 'Access'
  AND domain = coalesce(getvariable('domain'), domain)
GROUP BY domain
ORDER BY "5xx_%" DESC, domain
