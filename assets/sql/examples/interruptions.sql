-- Which streams were interrupted most in the last week, for how long, and why?

WITH reasons AS (
    SELECT domain, app, stream, interruption_reason AS reason,
           sum(interruptions)::BIGINT AS times, sum(interrupted_s)::BIGINT AS off_s,
           max(longest_interruption_s) AS longest_s
    FROM push_interruptions_daily
    WHERE interruptions > 0
      AND business_date > (SELECT max(business_date) FROM push_interruptions_daily) - 7
    GROUP BY ALL
)
SELECT domain, stream, sum(times)::BIGINT AS interruptions, sum(off_s)::BIGINT AS off_s,
       max(longest_s) AS longest_s,
       first(reason ORDER BY times DESC, reason) AS most_common_reason
FROM reasons
GROUP BY domain, app, stream
ORDER BY interruptions DESC, off_s DESC, domain, stream
LIMIT 8
