-- Which streams were interrupted most in the last week, for how long, and why?

WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM push_interruptions_daily
),
reasons AS (
    SELECT domain, app, stream, interruption_reason AS reason,
           sum(interruptions)::BIGINT AS times, sum(interrupted_s)::BIGINT AS off_s,
           max(longest_interruption_s) AS longest_s
    FROM push_interruptions_daily JOIN asked ON business_date BETWEEN first_day AND last_day
    WHERE interruptions > 0 AND domain = coalesce(getvariable('domain'), domain)
    GROUP BY ALL
)
SELECT domain, stream, sum(times)::BIGINT AS interruptions, sum(off_s)::BIGINT AS off_s,
       max(longest_s) AS longest_s,
       first(reason ORDER BY times DESC, reason) AS most_common_reason
FROM reasons
GROUP BY domain, app, stream
ORDER BY interruptions DESC, off_s DESC, domain, stream
LIMIT 8
