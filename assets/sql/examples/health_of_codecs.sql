-- Do pushes of one codec and resolution have more bad minutes than others?

SELECT video_codec, resolution, count(DISTINCT (domain, app, stream)) AS streams,
       sum(live_slots)::BIGINT AS live_minutes,
       round(100 * sum(good_slots) / sum(live_slots), 1) AS "good_%",
       round(median(first_frame_ms))::BIGINT AS median_first_frame_ms
FROM stream_health_by_session
WHERE domain = coalesce(getvariable('domain'), domain)
GROUP BY video_codec, resolution
ORDER BY "good_%", video_codec, resolution
