-- The limits by which minutes of a stream are called bad, and when a new push goes on with a show.
-- The marts stream_health_... and push_sessions take them from here.
-- group: health
-- kind: view
-- key: reason
-- columns:
--   reason: Name of the limit, as in worst_reason.
--   limit_value [see unit]: The limit, in the unit of the row.
--   unit: ms and s: time; ratio: part of the usual value; slots: minutes.
--   read_from: The column that is held against it, and whether its maximum or average in the
--     minute.
--   breach: When the limit is breached.
--   why: Where the limit comes from.
SELECT reason, limit_value::DOUBLE AS limit_value, unit, read_from, breach, why
FROM (
    VALUES
    ('silence', 0, 'slots', 'all bit and frame rates',
     'Neither picture nor sound, in a minute between two live ones of the same push and day.',
     'Nobody can watch what does not arrive.'),
    ('stall', 500, 'ms', 'video_frame_gap_ms, max',
     'Two pictures of the minute are further apart than that.',
     'Half a second without a new picture is seen as a freeze; usual are 40 ms at 25 a second.'),
    ('audio_gap', 200, 'ms', 'audio_frame_gap_ms, max',
     'Two sound frames of the minute are further apart than that.',
     'A frame of AAC lasts 21 to 23 ms: some nine of them are missing, and that is heard.'),
    ('bitrate_dip', 0.5, 'ratio', 'video_bitrate_kbps, avg',
     'The bit rate is below that part of its median in the same push and day.',
     'Half the usual bits mean a visibly worse picture, whatever the usual rate is.'),
    ('framerate_drop', 0.8, 'ratio', 'video_framerate_fps, avg',
     'The frame rate is below that part of its median in the same push and day.',
     'At 25 pictures a second five are missing: movement is no longer smooth.'),
    ('av_offset', 185, 'ms', 'pts_delta_ms, max',
     'Time stamps of sound and picture are further apart than that, early or late.',
     'ITU-R BT.1359 accepts sound up to 185 ms late. Which sign means late is not documented.'),
    ('interruption', 600, 's', 'push_started_at, push_ended_at',
     'A push begins at most that long after all earlier ones of its stream have ended: it goes on '
     'with their show, and what lies between is an interruption.',
     'Encoders reconnect within seconds, people within minutes; after ten it is a new show.')
) AS t (reason, limit_value, unit, read_from, breach, why)
