-- Health of each push and day, minute by minute against health_threshold; a push over midnight has
-- a row in each day. Live are the minutes from the first of the day that has picture or sound to
-- the last.
-- group: health
-- kind: table by day
-- key: business_date, domain, app, stream, session_id
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Push domain.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   session_id: One push; a reconnect gets a new one.
--   push_started_at: When the push began; may be on an earlier day.
--   first_slot_at: First live minute of the day.
--   last_slot_at: Last live minute of the day.
--   live_slots [slots]: Live minutes of the day, silent ones included.
--   good_slots [slots]: Live minutes without any breach.
--   good_percent [%]: good_slots of live_slots, 0 to 100. Never average it: divide the sums.
--   silent_slots [slots]: Live minutes without picture and sound.
--   stall_slots [slots]: Minutes with a stall.
--   audio_gap_slots [slots]: Minutes with a gap in the sound.
--   bitrate_dip_slots [slots]: Minutes with a dip of the bit rate.
--   framerate_drop_slots [slots]: Minutes with too low a frame rate.
--   av_offset_slots [slots]: Minutes in which sound and picture are apart.
--   worst_reason: What hit most minutes, as in health_threshold; NULL: nothing. A minute may have
--     several.
--   usual_bitrate_kbps [kbps]: Median over the day's whole minutes of the average video bit rate.
--   lowest_bitrate_kbps [kbps]: Lowest such average.
--   usual_framerate_fps [fps]: Median over the day's whole minutes of the average frame rate.
--   widest_video_gap_ms [ms]: Widest gap between two pictures.
--   widest_audio_gap_ms [ms]: Widest gap between two sound frames.
--   widest_av_offset_ms [ms]: Greatest amount of the difference of audio and video time stamps.
--   first_frame_ms [ms]: From connection to first frame.
--   video_codec: Video codec, as last seen.
--   resolution: Resolution tier, as last seen.
--   client_ip: Address of the pushing client. Personal data: see archive.personal_data.
--   server_ip: Address of the ingest server.
WITH summed AS (
    SELECT business_date, domain, app, stream, session_id,
           min(slot_start_at) AS first_slot_at, max(slot_start_at) AS last_slot_at,
           min(slot_seconds) AS slot_seconds,
           count(*) AS slots,
           count(*) FILTER (is_good) AS good_slots,
           count(*) FILTER (is_stall) AS stall_slots,
           count(*) FILTER (is_audio_gap) AS audio_gap_slots,
           count(*) FILTER (is_bitrate_dip) AS bitrate_dip_slots,
           count(*) FILTER (is_framerate_drop) AS framerate_drop_slots,
           count(*) FILTER (is_av_offset) AS av_offset_slots,
           max(usual_bitrate_kbps) AS usual_bitrate_kbps,
           min(video_bitrate_kbps) FILTER (NOT is_partial) AS lowest_bitrate_kbps,
           max(usual_framerate_fps) AS usual_framerate_fps,
           max(video_frame_gap_ms) AS widest_video_gap_ms,
           max(audio_frame_gap_ms) AS widest_audio_gap_ms,
           max(abs(pts_delta_ms)) AS widest_av_offset_ms
    FROM stream_health_slot
    WHERE measured_at = 'push'
    GROUP BY business_date, domain, app, stream, session_id
),
spanned AS (
    SELECT *,
           1 + (epoch_us(last_slot_at) - epoch_us(first_slot_at)) // (1000000 * slot_seconds)
               AS live_slots
    FROM summed
),
counted AS (
    SELECT *, live_slots - slots AS silent_slots FROM spanned
),
described AS (
    SELECT business_date, domain, app, stream, session_id,
           min(push_started_at) AS push_started_at,
           arg_max(first_frame_ms, (slot_start_at, agg_type)) AS first_frame_ms,
           arg_max(video_codec, (slot_start_at, agg_type)) AS video_codec,
           arg_max(resolution, (slot_start_at, agg_type)) AS resolution,
           arg_max(client_ip, (slot_start_at, agg_type)) AS client_ip,
           arg_max(server_ip, (slot_start_at, agg_type)) AS server_ip
    FROM batch_push_stream_metrics
    GROUP BY business_date, domain, app, stream, session_id
)
SELECT business_date, domain, app, stream, session_id, push_started_at, first_slot_at, last_slot_at,
       live_slots, good_slots, 100 * good_slots / live_slots AS good_percent,
       silent_slots, stall_slots, audio_gap_slots, bitrate_dip_slots,
       framerate_drop_slots, av_offset_slots,
       CASE greatest(silent_slots, stall_slots, audio_gap_slots, bitrate_dip_slots,
                     framerate_drop_slots, av_offset_slots)
           WHEN 0 THEN NULL
           WHEN silent_slots THEN 'silence'
           WHEN stall_slots THEN 'stall'
           WHEN audio_gap_slots THEN 'audio_gap'
           WHEN bitrate_dip_slots THEN 'bitrate_dip'
           WHEN framerate_drop_slots THEN 'framerate_drop'
           ELSE 'av_offset'
       END AS worst_reason,
       usual_bitrate_kbps, lowest_bitrate_kbps, usual_framerate_fps,
       widest_video_gap_ms, widest_audio_gap_ms, widest_av_offset_ms,
       first_frame_ms, video_codec, resolution, client_ip, server_ip
FROM counted JOIN described USING (business_date, domain, app, stream, session_id)
