-- Every 5-minute slot of every day of the archive, whether or not there is data: join it from the
-- left to see gaps as rows.
-- group: dimensions
-- kind: view
-- key: slot_start_at
-- columns:
--   business_date: Calendar day in the business time zone.
--   slot_start_at: Start of the slot.
--   slot_seconds [s]: Length of the slot.
--   slot_of_day: Number of the slot in its day, 0 to 287.
SELECT
    business_date,
    day_start_at + to_seconds(300 * slot_of_day) AS slot_start_at,
    300::BIGINT AS slot_seconds,
    slot_of_day
FROM dim_date, (SELECT unnest(generate_series(0, 287)) AS slot_of_day)
