-- Health of each pushed stream and day: the sums of its pushes in stream_health_by_session. A
-- minute in which one push takes over from another counts once for each.
-- group: health
-- kind: view
-- key: business_date, domain, app, stream
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Push domain.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   pushes [pushes]: Pushes that were live on the day.
--   live_slots [slots]: Live minutes of all pushes, whose health was watched; silent ones included.
--   good_slots [slots]: Live minutes without any breach.
--   good_percent [%]: good_slots of live_slots, 0 to 100. Over streams or days: divide the sums,
--     never average.
--   silent_slots [slots]: Live minutes without picture and sound.
--   stall_slots [slots]: Minutes with a stall.
--   audio_gap_slots [slots]: Minutes with a gap in the sound.
--   bitrate_dip_slots [slots]: Minutes with a dip of the bit rate.
--   framerate_drop_slots [slots]: Minutes with too low a frame rate.
--   av_offset_slots [slots]: Minutes in which sound and picture are apart.
--   worst_reason: What hit most minutes, as in health_threshold; NULL: nothing. A minute may have
--     several.
--   widest_video_gap_ms [ms]: Widest gap between two pictures.
--   widest_audio_gap_ms [ms]: Widest gap between two sound frames.
--   widest_av_offset_ms [ms]: Greatest amount of the difference of audio and video time stamps.
WITH summed AS (
    SELECT business_date, domain, app, stream,
           count(*) AS pushes,
           sum(live_slots)::BIGINT AS live_slots,
           sum(good_slots)::BIGINT AS good_slots,
           sum(silent_slots)::BIGINT AS silent_slots,
           sum(stall_slots)::BIGINT AS stall_slots,
           sum(audio_gap_slots)::BIGINT AS audio_gap_slots,
           sum(bitrate_dip_slots)::BIGINT AS bitrate_dip_slots,
           sum(framerate_drop_slots)::BIGINT AS framerate_drop_slots,
           sum(av_offset_slots)::BIGINT AS av_offset_slots,
           max(widest_video_gap_ms) AS widest_video_gap_ms,
           max(widest_audio_gap_ms) AS widest_audio_gap_ms,
           max(widest_av_offset_ms) AS widest_av_offset_ms
    FROM stream_health_by_session
    GROUP BY business_date, domain, app, stream
)
SELECT business_date, domain, app, stream, pushes, live_slots, good_slots,
       100 * good_slots / live_slots AS good_percent,
       silent_slots, stall_slots, audio_gap_slots, bitrate_dip_slots, framerate_drop_slots,
       av_offset_slots,
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
       widest_video_gap_ms, widest_audio_gap_ms, widest_av_offset_ms
FROM summed
