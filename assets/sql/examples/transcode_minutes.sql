-- How many minutes were transcoded, by codec class and resolution?

SELECT transcode_type, resolution, round(sum(transcode_minutes))::BIGINT AS minutes,
       round(100 * sum(transcode_minutes) / sum(sum(transcode_minutes)) OVER (), 1) AS "%"
FROM transcode_minutes_daily
WHERE business_date > (SELECT max(business_date) FROM transcode_minutes_daily) - 7
GROUP BY transcode_type, resolution
ORDER BY minutes DESC, transcode_type, resolution
