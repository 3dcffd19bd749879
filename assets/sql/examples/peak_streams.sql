-- How many streams ran at once at most in the last week, by domain and type, and when?

SELECT domain, stream_type, peak_streams, strftime(peak_at, '%Y-%m-%d %H:%M') AS at
FROM stream_count_daily
WHERE peak_streams > 0
  AND business_date > (SELECT max(business_date) FROM stream_count_daily) - 7
QUALIFY row_number() OVER (PARTITION BY domain, stream_type ORDER BY peak_streams DESC, peak_at) = 1
ORDER BY domain, stream_type
