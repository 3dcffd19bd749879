-- Rates of 4xx and 5xx answers by domain and day, from counts, all carriers together. A push domain
-- answers a handful of pushes: look at responses before comparing.
-- group: errors
-- kind: view
-- key: business_date, domain, request_type
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name.
--   request_type: Access: pushes and plays. Source: requests to the origin. Never mix the two.
--   responses [responses]: All answers.
--   http_4xx_responses [responses]: Answers that the client caused: 4xx, 499 (it went away) among
--     them.
--   http_5xx_responses [responses]: Answers that the server caused: 5xx.
--   http_4xx_percent [%]: Their part of all answers, 0 to 100; NULL without any. Never average it.
--   http_5xx_percent [%]: Their part of all answers, 0 to 100; NULL without any. Never average it.
WITH summed AS (
    SELECT business_date, domain, request_type,
           sum(responses)::BIGINT AS responses,
           coalesce(sum(responses) FILTER (status_class = '4xx'), 0)::BIGINT AS http_4xx_responses,
           coalesce(sum(responses) FILTER (status_class = '5xx'), 0)::BIGINT AS http_5xx_responses
    FROM errors_daily
    GROUP BY business_date, domain, request_type
)
SELECT business_date, domain, request_type, responses, http_4xx_responses, http_5xx_responses,
       100 * http_4xx_responses / nullif(responses, 0) AS http_4xx_percent,
       100 * http_5xx_responses / nullif(responses, 0) AS http_5xx_percent
FROM summed
