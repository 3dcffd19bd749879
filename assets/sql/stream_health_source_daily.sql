-- Health of each stream that is pulled from an origin, by day, minute by minute against
-- health_threshold. Live are the minutes with picture or sound; a pull has no session that would
-- tell whether it was silent between.
-- group: health
-- kind: table by day
-- key: business_date, domain, app, stream
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Pull domain.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   live_slots [slots]: Live minutes.
--   good_slots [slots]: Live minutes without any breach.
--   good_percent [%]: good_slots of live_slots, 0 to 100. Over streams or days: divide the sums,
--     never average.
--   stall_slots [slots]: Minutes with a stall.
--   audio_gap_slots [slots]: Minutes with a gap in the sound.
--   bitrate_dip_slots [slots]: Minutes with a dip of the bit rate.
--   framerate_drop_slots [slots]: Minutes with too low a frame rate.
--   av_offset_slots [slots]: Minutes in which sound and picture are apart.
--   worst_reason: What hit most minutes, as in health_threshold; NULL: nothing. A minute may have
--     several.
--   usual_bitrate_kbps [kbps]: Median over the day's whole minutes of the average video bit rate.
--   widest_video_gap_ms [ms]: Widest gap between two pictures.
--   widest_audio_gap_ms [ms]: Widest gap between two sound frames.
--   widest_av_offset_ms [ms]: Greatest amount of the difference of audio and video time stamps.
WITH counted AS (
    SELECT business_date, domain, app, stream,
           count(*) AS live_slots,
           count(*) FILTER (is_good) AS good_slots,
           count(*) FILTER (is_stall) AS stall_slots,
           count(*) FILTER (is_audio_gap) AS audio_gap_slots,
           count(*) FILTER (is_bitrate_dip) AS bitrate_dip_slots,
           count(*) FILTER (is_framerate_drop) AS framerate_drop_slots,
           count(*) FILTER (is_av_offset) AS av_offset_slots,
           max(usual_bitrate_kbps) AS usual_bitrate_kbps,
           max(video_frame_gap_ms) AS widest_video_gap_ms,
           max(audio_frame_gap_ms) AS widest_audio_gap_ms,
           max(abs(pts_delta_ms)) AS widest_av_offset_ms
    FROM stream_health_slot
    WHERE measured_at = 'origin'
    GROUP BY business_date, domain, app, stream
)
SELECT business_date, domain, app, stream, live_slots, good_slots,
       100 * good_slots / live_slots AS good_percent,
       stall_slots, audio_gap_slots, bitrate_dip_slots, framerate_drop_slots, av_offset_slots,
       CASE greatest(stall_slots, audio_gap_slots, bitrate_dip_slots, framerate_drop_slots,
                     av_offset_slots)
           WHEN 0 THEN NULL
           WHEN stall_slots THEN 'stall'
           WHEN audio_gap_slots THEN 'audio_gap'
           WHEN bitrate_dip_slots THEN 'bitrate_dip'
           WHEN framerate_drop_slots THEN 'framerate_drop'
           ELSE 'av_offset'
       END AS worst_reason,
       usual_bitrate_kbps, widest_video_gap_ms, widest_audio_gap_ms, widest_av_offset_ms
FROM counted
