-- In which minutes did the stream that stalled most yesterday stall, and how badly?

WITH worst AS (
    SELECT business_date, domain, app, stream
    FROM stream_health_daily
    WHERE business_date = coalesce(getvariable('day')::DATE,
                                   (SELECT max(business_date) FROM stream_health_daily))
      AND domain = coalesce(getvariable('domain'), domain)
    ORDER BY stall_slots DESC, domain, stream
    LIMIT 1
)
SELECT stream, strftime(slot_start_at, '%H:%M') AS minute,
       round(video_frame_gap_ms)::BIGINT AS frame_gap_ms,
       round(video_framerate_fps, 1) AS fps, round(usual_framerate_fps, 1) AS usual_fps,
       round(video_bitrate_kbps)::BIGINT AS kbps, round(usual_bitrate_kbps)::BIGINT AS usual_kbps
FROM stream_health_slot JOIN worst USING (business_date, domain, app, stream)
WHERE measured_at = 'push' AND is_stall
ORDER BY video_frame_gap_ms DESC, slot_start_at
LIMIT 8
