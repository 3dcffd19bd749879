-- Which status codes did viewers and origins get yesterday, and how often?

SELECT request_type, status_code, sum(responses)::BIGINT AS responses,
       round(100 * sum(responses) / sum(sum(responses)) OVER (PARTITION BY request_type), 2) AS "%"
FROM errors_daily
WHERE business_date = coalesce(getvariable('day')::DATE,
                               (SELECT max(business_date) FROM errors_daily))
  AND domain = coalesce(getvariable('domain'), domain)
GROUP BY request_type, status_code
ORDER BY request_type, responses DESC, status_code
