-- What the vendor bills against what the edge measured, by domain and calendar month. Traffic is compared
-- over the days that both have, so it is like with like at any time of the month; bandwidth is that of
-- the whole month, and comparable when is_complete. Traffic adds up over domains, bandwidth never does.
-- group: billing
-- kind: view
-- key: month, domain, direction
-- columns:
--   month: First day of the calendar month, in the business time zone.
--   domain: Domain name.
--   direction: up, down, or total (up plus down, which the vendor takes the 95th percentile of).
--   billed_traffic_bytes [bytes]: Billed traffic of the days that are compared.
--   monitored_traffic_bytes [bytes]: Traffic of the same days at the edge.
--   traffic_difference_bytes [bytes]: Billed less monitored traffic.
--   traffic_difference_percent [%]: The same as a share of the monitored traffic; NULL if that is 0.
--   billed_p95_mbps [Mbps]: The 95th percentile of the month from the vendor's billing points.
--   monitored_p95_mbps [Mbps]: The 95th percentile of the month from monitoring data.
--   p95_difference_percent [%]: Billed over monitored percentile, less 100 %; NULL if that is 0.
--   days_compared [days]: Days of the month that are captured in traffic and in edge_stat.
--   days_in_month [days]: Days of the calendar month.
--   is_complete: Whether the month is over, and every day of it is captured in all that is compared.
WITH
-- include: directions
both_days AS (
    SELECT business_date, date_trunc('month', business_date)::DATE AS month
    FROM ledger
    WHERE dataset IN ('traffic', 'edge_stat')
      AND state IN ('captured', 'empty') AND is_suspect IS NOT TRUE
    GROUP BY business_date
    HAVING count(*) = 2
),
compared AS (
    SELECT month, count(*) AS days_compared FROM both_days GROUP BY month
),
billed AS (
    SELECT month, domain,
           sum(round(up_traffic_bytes)) AS up_bytes, sum(round(down_traffic_bytes)) AS down_bytes
    FROM traffic JOIN both_days USING (business_date)
    GROUP BY month, domain
),
monitored AS (
    SELECT month, domain,
           sum(up_traffic_bytes) AS up_bytes, sum(down_traffic_bytes) AS down_bytes
    FROM traffic_daily_by_domain JOIN both_days USING (business_date)
    GROUP BY month, domain
),
by_direction AS (
    SELECT
        month,
        domain,
        direction,
        coalesce(CASE direction WHEN 'up' THEN b.up_bytes WHEN 'down' THEN b.down_bytes
            ELSE b.up_bytes + b.down_bytes END, 0) AS billed_bytes,
        coalesce(CASE direction WHEN 'up' THEN m.up_bytes WHEN 'down' THEN m.down_bytes
            ELSE m.up_bytes + m.down_bytes END, 0) AS monitored_bytes
    FROM billed b FULL JOIN monitored m USING (month, domain) CROSS JOIN directions
)
SELECT
    month,
    domain,
    direction,
    billed_bytes AS billed_traffic_bytes,
    monitored_bytes AS monitored_traffic_bytes,
    billed_bytes - monitored_bytes AS traffic_difference_bytes,
    100 * (billed_bytes - monitored_bytes) / nullif(monitored_bytes, 0)
        AS traffic_difference_percent,
    b.p95_mbps AS billed_p95_mbps,
    m.p95_mbps AS monitored_p95_mbps,
    100 * (b.p95_mbps / nullif(m.p95_mbps, 0) - 1) AS p95_difference_percent,
    days_compared,
    dayofmonth(last_day(month)) AS days_in_month,
    days_compared = dayofmonth(last_day(month)) AND coalesce(b.is_complete AND m.is_complete, false) AS is_complete
FROM by_direction JOIN compared USING (month)
    LEFT JOIN billed_monthly_by_domain b USING (month, domain, direction)
    LEFT JOIN billing_monthly_by_domain m USING (month, domain, direction)
