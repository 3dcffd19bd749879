-- Minutes of transcoding inside each day, by domain, codec class and resolution tier. Minutes add
-- up over days, domains, classes and tiers.
-- group: transcoding
-- kind: view
-- key: business_date, domain, transcode_type, resolution
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Push domain.
--   transcode_type: Codec class.
--   resolution: Resolution tier.
--   transcode_minutes [minutes]: Minutes inside the day.
--   tasks [tasks]: Tasks that ran on the day. One over midnight counts in each day: never add days.
--   streams [streams]: Streams that were transcoded. Never add days, classes or tiers.
SELECT business_date, domain, transcode_type, resolution,
       sum(transcode_minutes) AS transcode_minutes,
       count(DISTINCT (task_id, transcode_suffix)) AS tasks,
       count(DISTINCT stream) AS streams
FROM transcode_info
GROUP BY business_date, domain, transcode_type, resolution
