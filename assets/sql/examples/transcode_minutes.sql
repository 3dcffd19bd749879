-- How many minutes were transcoded, by codec class and resolution?

WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM transcode_minutes_daily
)
SELECT transcode_type, resolution, round(sum(transcode_minutes))::BIGINT AS minutes,
       round(100 * sum(transcode_minutes) / sum(sum(transcode_minutes)) OVER (), 1) AS "%"
FROM transcode_minutes_daily JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE domain = coalesce(getvariable('domain'), domain)
GROUP BY transcode_type, resolution
ORDER BY minutes DESC, transcode_type, resolution
