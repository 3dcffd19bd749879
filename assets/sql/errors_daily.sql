-- How often each status code was answered, by domain, carrier and day; successes too, so that
-- shares have a whole. Shares are made from counts, never from the vendor's percentages.
-- group: errors
-- kind: table by day
-- key: business_date, domain, isp, request_type, status_code
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name.
--   isp: Carrier code, see dim_isp.
--   request_type: Access: pushes and plays. Source: requests to the origin. Never mix the two.
--   status_class: First digit of the code: 2xx, 3xx, 4xx (499: the client went away), 5xx.
--   status_code: HTTP-like status code.
--   responses [responses]: How often it was answered.
--   responses_percent [%]: Part of all responses of the same day, domain, carrier and
--     request_type, 0 to 100. Never average it: divide the sums.
WITH counted AS (
    SELECT business_date, domain, isp, request_type, status_code,
           sum(status_count)::BIGINT AS responses
    FROM play_status_code
    GROUP BY business_date, domain, isp, request_type, status_code
)
SELECT business_date, domain, isp, request_type, (status_code // 100)::VARCHAR || 'xx' AS status_class,
       status_code, responses,
       100 * responses / nullif(sum(responses) OVER (
           PARTITION BY business_date, domain, isp, request_type), 0) AS responses_percent
FROM counted
