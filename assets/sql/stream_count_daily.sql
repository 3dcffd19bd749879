-- Most concurrent streams of each domain, type and day, with the time. Peaks of types, domains or
-- days are never added: domains peak at different moments of a slot, and the sum of their peaks
-- would be above what ever ran at once. The account's are in stream_count_daily_account.
-- group: streams
-- kind: table by day
-- key: business_date, domain, stream_type
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name: pushes and transcodes are counted on push domains, relays on pull domains.
--   stream_type: push, relay-source or transcode.
--   peak_streams [streams]: Most concurrent streams.
--   peak_at: Start of the first slot with the peak; NULL if there were no streams.
WITH slots AS (
    SELECT *, max(peak_streams) OVER (PARTITION BY business_date, domain, stream_type) AS peak
    FROM stream_count
)
SELECT business_date, domain, stream_type, max(s.peak_streams) AS peak_streams,
       min(slot_start_at) FILTER (s.peak_streams = peak AND peak > 0) AS peak_at
FROM slots s
GROUP BY business_date, domain, stream_type
