-- What share of the answers to viewers were 5xx, by carrier, in the last week?

-- From counts: a mean of percentages would give a quiet hour the weight of a busy one.
SELECT isp, isp_name, sum(responses)::BIGINT AS responses,
       sum(http_5xx_responses)::BIGINT AS of_them_5xx,
       round(100 * sum(http_5xx_responses) / sum(responses), 3) AS "5xx_%"
FROM error_rate_by_isp
WHERE request_type = 'Access'
  AND business_date > (SELECT max(business_date) FROM error_rate_by_isp) - 7
GROUP BY isp, isp_name
ORDER BY "5xx_%" DESC, isp
