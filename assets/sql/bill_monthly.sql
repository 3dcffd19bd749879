-- What a month's bill is made of, for the whole account, beside what monitoring says of the same: traffic,
-- bandwidth under the usual rules, transcoding, recording, pictures. Take the items of your contract;
-- items are never added up, for they are alternatives or have other units. Days that are not captured
-- count as 0.
-- group: billing
-- kind: view
-- key: month, item, detail
-- optional: traffic, transcode, record, snapshot, audit, transcode_info, pull_to_push, time_shift,
--   p95_peak_bandwidth
-- columns:
--   month: First day of the calendar month, in the business time zone.
--   item: traffic, p95_bandwidth, fourth_peak_bandwidth, daily_peak_average_bandwidth, transcode,
--     record, snapshot, audit, relay, time_shift (the average of the days) or p95_by_vendor (the
--     vendor's own percentile up to the last captured day).
--   detail: Direction of traffic and bandwidth (up, down, total); codec class and tier of transcoding;
--     else ''.
--   unit: Unit of both figures: bytes, Mbps, minutes, streams (the most recordings at one time, a
--     little high where domains peak at different minutes of a slot) or pictures.
--   billed [see unit]: What the vendor's billing data say; NULL if they are not captured.
--   monitored [see unit]: What monitoring data say; NULL where there are none.
--   difference_percent [%]: Billed over monitored, less 100 %; NULL if one side is missing or 0, or
--     has other days.
--   days_captured [days]: Complete days of the month in the billing data, by the ledger.
--   days_monitored [days]: Complete days of the month in the monitoring data; 0 where there are none.
--   days_in_month [days]: Days of the calendar month.
--   is_complete: Whether the month is over and every day of it is captured in the billing data.
WITH
-- include: directions
days AS (
    SELECT dataset, date_trunc('month', business_date)::DATE AS month,
           count(*) FILTER (state IN ('captured', 'empty') AND is_suspect IS NOT TRUE) AS days
    FROM ledger
    GROUP BY dataset, month
),
bandwidth_rules AS (
    SELECT month, direction, item,
           CASE item
               WHEN 'p95_bandwidth' THEN b.p95_mbps
               WHEN 'fourth_peak_bandwidth' THEN b.fourth_peak_mbps
               ELSE b.daily_peak_average_mbps
           END AS billed,
           CASE item
               WHEN 'p95_bandwidth' THEN m.p95_mbps
               WHEN 'fourth_peak_bandwidth' THEN m.fourth_peak_mbps
               ELSE m.daily_peak_average_mbps
           END AS monitored
    FROM billed_monthly_account b
        FULL JOIN billing_monthly_account m USING (month, direction)
        CROSS JOIN (
            VALUES ('p95_bandwidth'), ('fourth_peak_bandwidth'), ('daily_peak_average_bandwidth')
        ) AS rules (item)
),
carried AS (
    SELECT date_trunc('month', business_date)::DATE AS month,
           sum(round(up_traffic_bytes)) AS up_bytes, sum(round(down_traffic_bytes)) AS down_bytes
    FROM traffic
    GROUP BY month
),
traffic_of_month AS (
    SELECT month, direction,
           CASE direction WHEN 'up' THEN up_bytes WHEN 'down' THEN down_bytes
               ELSE up_bytes + down_bytes END AS billed
    FROM carried CROSS JOIN directions
),
billed_minutes AS (
    SELECT date_trunc('month', business_date)::DATE AS month,
           transcode_type || ' ' || resolution AS detail,
           sum(round(transcode_minutes * 60000)) / 60000 AS billed
    FROM transcode
    GROUP BY month, detail
),
monitored_minutes AS (
    SELECT date_trunc('month', business_date)::DATE AS month,
           transcode_type || ' ' || resolution AS detail,
           sum(round(transcode_minutes * 60000)) / 60000 AS monitored
    FROM transcode_info
    GROUP BY month, detail
),
recordings AS (
    SELECT month, max(streams) AS billed
    FROM (
        SELECT date_trunc('month', business_date)::DATE AS month, slot_start_at,
               sum(peak_recorded_streams) AS streams
        FROM record
        GROUP BY month, slot_start_at
    )
    GROUP BY month
),
items AS (
    SELECT month, item, direction AS detail, 'Mbps' AS unit, billed, monitored,
           'bandwidth' AS billing_data, 'edge_stat' AS monitoring_data
    FROM bandwidth_rules
    UNION ALL
    SELECT month, 'traffic', direction, 'bytes', t.billed, m.traffic_bytes, 'traffic', 'edge_stat'
    FROM traffic_of_month t FULL JOIN billing_monthly_account m USING (month, direction)
    UNION ALL
    SELECT month, 'transcode', detail, 'minutes', billed, monitored, 'transcode', 'transcode_info'
    FROM billed_minutes FULL JOIN monitored_minutes USING (month, detail)
    UNION ALL
    SELECT month, 'record', '', 'streams', billed, NULL, 'record', NULL
    FROM recordings
    UNION ALL
    SELECT date_trunc('month', business_date)::DATE, 'snapshot', '', 'pictures',
           sum(snapshot_pictures), NULL, 'snapshot', NULL
    FROM snapshot
    GROUP BY date_trunc('month', business_date)::DATE
    UNION ALL
    SELECT date_trunc('month', business_date)::DATE, 'audit', '', 'pictures',
           sum(audited_pictures), NULL, 'audit', NULL
    FROM audit
    GROUP BY date_trunc('month', business_date)::DATE
    UNION ALL
    SELECT date_trunc('month', business_date)::DATE, 'relay', '', 'minutes',
           sum(round(relay_minutes * 60)) / 60, NULL, 'pull_to_push', NULL
    FROM pull_to_push
    GROUP BY date_trunc('month', business_date)::DATE
    UNION ALL
    SELECT date_trunc('month', business_date)::DATE, 'time_shift', '', 'bytes',
           sum(round(storage_bytes)) / count(*), NULL, 'time_shift', NULL
    FROM time_shift
    GROUP BY date_trunc('month', business_date)::DATE
    UNION ALL
    SELECT date_trunc('month', business_date)::DATE, 'p95_by_vendor', 'total', 'Mbps',
           arg_max(p95_total_mbps, business_date), NULL, 'p95_peak_bandwidth', NULL
    FROM p95_peak_bandwidth
    GROUP BY date_trunc('month', business_date)::DATE
)
SELECT
    items.month,
    item,
    detail,
    unit,
    billed::DOUBLE AS billed,
    monitored::DOUBLE AS monitored,
    CASE WHEN b.days = m.days THEN 100 * (billed / nullif(monitored, 0) - 1) END
        AS difference_percent,
    coalesce(b.days, 0) AS days_captured,
    coalesce(m.days, 0) AS days_monitored,
    dayofmonth(last_day(items.month)) AS days_in_month,
    coalesce(b.days, 0) = dayofmonth(last_day(items.month)) AS is_complete
FROM items
    LEFT JOIN days b ON b.dataset = billing_data AND b.month = items.month
    LEFT JOIN days m ON m.dataset = monitoring_data AND m.month = items.month
