-- How many streams ran at once at most in the last week, by domain and type, and when?

WITH asked AS (
    SELECT coalesce(getvariable('to')::DATE, max(business_date)) AS last_day,
           coalesce(getvariable('from')::DATE, last_day - 6) AS first_day
    FROM stream_count_daily
)
SELECT domain, stream_type, peak_streams, strftime(peak_at, '%Y-%m-%d %H:%M') AS at
FROM stream_count_daily JOIN asked ON business_date BETWEEN first_day AND last_day
WHERE peak_streams > 0
  AND domain = coalesce(getvariable('domain'), domain)
QUALIFY row_number() OVER (PARTITION BY domain, stream_type ORDER BY peak_streams DESC, peak_at) = 1
ORDER BY domain, stream_type
