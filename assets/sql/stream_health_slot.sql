-- Every live minute of every stream, as pushed and as pulled from an origin, held against
-- health_threshold. A stream that is both pushed and pulled is listed under both: never count
-- measured_at = 'push' and 'origin' together.
-- group: health
-- kind: table by day
-- key: measured_at, domain, app, stream, session_id, slot_start_at
-- optional: batch_push_stream_metrics, batch_source_stream_metrics
-- columns:
--   business_date: Calendar day in the business time zone.
--   slot_start_at: Start of the minute.
--   slot_seconds [s]: Length of the slot.
--   measured_at: push (where the stream comes in, by push) or origin (where it is pulled from, by
--     stream).
--   domain: Domain name: that of the push, or that of the pull.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   session_id: The push; '' for what is pulled from an origin.
--   video_bitrate_kbps [kbps]: Average video bit rate in the minute.
--   usual_bitrate_kbps [kbps]: Median of video_bitrate_kbps over the whole minutes of the same push
--     and day.
--   video_framerate_fps [fps]: Average video frame rate in the minute.
--   usual_framerate_fps [fps]: Median of video_framerate_fps over the whole minutes of the same
--     push and day.
--   video_frame_gap_ms [ms]: Widest gap between two pictures in the minute.
--   audio_frame_gap_ms [ms]: Widest gap between two sound frames in the minute.
--   pts_delta_ms [ms]: Greatest difference of audio and video time stamps in the minute.
--   is_partial: True for the first and last minute before or after a break: begun or ended inside,
--     so rates are not judged.
--   is_stall: See health_threshold.
--   is_audio_gap: See health_threshold.
--   is_bitrate_dip: See health_threshold.
--   is_framerate_drop: See health_threshold.
--   is_av_offset: See health_threshold.
--   is_good: True if no limit is breached.
WITH limits AS (
    SELECT
        max(limit_value) FILTER (reason = 'stall') AS stall_ms,
        max(limit_value) FILTER (reason = 'audio_gap') AS audio_gap_ms,
        max(limit_value) FILTER (reason = 'bitrate_dip') AS dip_ratio,
        max(limit_value) FILTER (reason = 'framerate_drop') AS drop_ratio,
        max(limit_value) FILTER (reason = 'av_offset') AS offset_ms
    FROM health_threshold
),
readings AS (
    SELECT 'push' AS measured_at, business_date, slot_start_at, slot_seconds, agg_type,
           domain, app, stream, session_id, video_bitrate_kbps, audio_bitrate_kbps,
           video_framerate_fps, audio_framerate_fps, video_frame_gap_ms, audio_frame_gap_ms,
           pts_delta_ms
    FROM batch_push_stream_metrics
    UNION ALL
    SELECT 'origin', business_date, slot_start_at, slot_seconds, agg_type,
           domain, app, stream, '', video_bitrate_kbps, audio_bitrate_kbps,
           video_framerate_fps, audio_framerate_fps, video_frame_gap_ms, audio_frame_gap_ms,
           pts_delta_ms
    FROM batch_source_stream_metrics
),
slots AS (  -- one row of two variants: averages tell rates, maxima tell gaps
    SELECT business_date, measured_at, domain, app, stream, session_id, slot_start_at, slot_seconds,
           max(video_bitrate_kbps) FILTER (agg_type = 'avg') AS video_bitrate_kbps,
           max(video_framerate_fps) FILTER (agg_type = 'avg') AS video_framerate_fps,
           max(video_frame_gap_ms) FILTER (agg_type = 'max') AS video_frame_gap_ms,
           max(audio_frame_gap_ms) FILTER (agg_type = 'max') AS audio_frame_gap_ms,
           max(pts_delta_ms) FILTER (agg_type = 'max') AS pts_delta_ms,
           max(greatest(video_bitrate_kbps, audio_bitrate_kbps, video_framerate_fps,
                        audio_framerate_fps)) AS highest_rate
    FROM readings
    GROUP BY business_date, measured_at, domain, app, stream, session_id, slot_start_at,
             slot_seconds
),
neighbours AS (  -- in microseconds: intervals and zones go through a calendar
    SELECT *,
           lag(epoch_us(slot_start_at) + 1000000 * slot_seconds) OVER push
               IS DISTINCT FROM epoch_us(slot_start_at) AS follows_break,
           lead(epoch_us(slot_start_at)) OVER push
               IS DISTINCT FROM epoch_us(slot_start_at) + 1000000 * slot_seconds AS precedes_break
    FROM slots
    WHERE highest_rate > 0  -- live is a minute with picture or sound, not one that is only listed
    WINDOW push AS (
        PARTITION BY business_date, measured_at, domain, app, stream, session_id
        ORDER BY slot_start_at
    )
),
placed AS (
    SELECT neighbours.*,
           -- Midnight cuts a day, not a push: what goes on over it is no break. CASE asks the
           -- calendar for the few minutes beside a break only.
           CASE WHEN follows_break
                THEN slot_start_at > timezone(time_zone, business_date::TIMESTAMP)
                ELSE false END
           OR CASE WHEN precedes_break
                   THEN slot_start_at + to_seconds(slot_seconds)
                        < timezone(time_zone, (business_date + 1)::TIMESTAMP)
                   ELSE false END AS is_partial
    FROM neighbours, meta.archive
),
compared AS (
    SELECT *,
           median(CASE WHEN NOT is_partial THEN video_bitrate_kbps END) OVER push
               AS usual_bitrate_kbps,
           median(CASE WHEN NOT is_partial THEN video_framerate_fps END) OVER push
               AS usual_framerate_fps
    FROM placed
    WINDOW push AS (PARTITION BY business_date, measured_at, domain, app, stream, session_id)
),
judged AS (
    SELECT compared.*,
           coalesce(video_frame_gap_ms > stall_ms, false) AS is_stall,
           coalesce(audio_frame_gap_ms > audio_gap_ms, false) AS is_audio_gap,
           NOT is_partial AND coalesce(video_bitrate_kbps < dip_ratio * usual_bitrate_kbps, false)
               AS is_bitrate_dip,
           NOT is_partial
           AND coalesce(video_framerate_fps < drop_ratio * usual_framerate_fps, false)
               AS is_framerate_drop,
           coalesce(abs(pts_delta_ms) > offset_ms, false) AS is_av_offset
    FROM compared, limits
)
SELECT business_date, slot_start_at, slot_seconds, measured_at, domain, app, stream, session_id,
       video_bitrate_kbps, usual_bitrate_kbps, video_framerate_fps, usual_framerate_fps,
       video_frame_gap_ms, audio_frame_gap_ms, pts_delta_ms, is_partial,
       is_stall, is_audio_gap, is_bitrate_dip, is_framerate_drop, is_av_offset,
       NOT (is_stall OR is_audio_gap OR is_bitrate_dip OR is_framerate_drop OR is_av_offset)
           AS is_good
FROM judged
