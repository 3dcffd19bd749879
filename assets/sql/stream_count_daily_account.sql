-- Most concurrent streams of the whole account by type and day, with the time. Peaks of types or
-- days are never added. Days without an account-wide capture are left out.
-- group: streams
-- kind: table by day
-- key: business_date, stream_type
-- columns:
--   business_date: Calendar day in the business time zone.
--   stream_type: push, relay-source or transcode.
--   peak_streams [streams]: Most concurrent streams.
--   peak_at: Start of the first slot with the peak; NULL if there were no streams.
WITH slots AS (
    SELECT *, max(peak_streams) OVER (PARTITION BY business_date, stream_type) AS peak
    FROM stream_count_account
)
SELECT business_date, stream_type, max(s.peak_streams) AS peak_streams,
       min(slot_start_at) FILTER (s.peak_streams = peak AND peak > 0) AS peak_at
FROM slots s
GROUP BY business_date, stream_type
