-- Which streams were interrupted most in the last week, for how long, and why?

SELECT domain, stream, sum(interruptions)::BIGINT AS interruptions,
       sum(interrupted_s)::BIGINT AS off_s, max(longest_interruption_s) AS longest_s,
       max_by(interruption_reason, interruptions) AS most_common_reason
FROM push_interruptions_daily
WHERE business_date > (SELECT max(business_date) FROM push_interruptions_daily) - 7
GROUP BY domain, app, stream
HAVING sum(interruptions) > 0
ORDER BY interruptions DESC, off_s DESC, domain, stream
LIMIT 8
