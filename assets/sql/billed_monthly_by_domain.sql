-- Billed bandwidth of each domain and calendar month under the usual billing rules, from the vendor's
-- billing points. One row for each direction: take the one that your contract bills, and never add
-- directions or domains up: billed_monthly_account is the account's. Days that are not captured count
-- as 0. The same from monitoring data is in billing_monthly_by_domain.
-- group: billing
-- kind: view
-- key: month, domain, direction
-- optional: traffic
-- columns:
--   month: First day of the calendar month, in the business time zone.
--   domain: Domain name.
--   direction: up, down, or total (up plus down, which the vendor takes the 95th percentile of).
--   p95_mbps [Mbps]: The 95th percentile. Of the N points of the whole calendar month, absent ones
--     as 0, the highest floor(N x 5 %) are dropped and the next is taken. While the month runs,
--     the days to come count as 0 as well, so it can only rise.
--   p95_so_far_mbps [Mbps]: The same of the captured and incomplete days alone: what the month
--     comes to if its other days are like them. NULL before the first day.
--   fourth_peak_mbps [Mbps]: The fourth highest of the month's daily peaks; 0 below four days.
--   daily_peak_average_mbps [Mbps]: Sum of the daily peaks over all days of the calendar month.
--   peak_mbps [Mbps]: The highest point.
--   traffic_bytes [bytes]: Billed traffic of the month; NULL while the table traffic has none of it.
--   points [points]: N, the 5-minute points of the whole calendar month (30 days: 8640).
--   points_dropped [points]: The highest points that the 95th percentile drops (30 days: 432).
--   points_present [points]: Points with a row; the others count as 0.
--   days_in_month [days]: Days of the calendar month.
--   days_captured [days]: Complete days of the month, by the ledger: neither suspect nor incomplete.
--   days_incomplete [days]: Days of which a part is missing. Their rows count in every rule.
--   days_suspect [days]: Days that are contradicted by other datasets or by the answer itself.
--     They count as the rows that they have.
--   days_with_traffic [days]: Days with traffic in the direction. A contract that averages daily peaks
--     over these has daily_peak_average_mbps x days_in_month / days_with_traffic.
--   is_complete: Whether the month is over and every day of it is captured.
--   basis: billed: the points that the vendor bills from.
WITH points AS MATERIALIZED (
    SELECT
        date_trunc('month', business_date)::DATE AS month,
        business_date,
        domain,
        up_bandwidth_mbps AS up_mbps,
        down_bandwidth_mbps AS down_mbps,
        up_bandwidth_mbps + down_bandwidth_mbps AS total_mbps
    FROM bandwidth
),
daily AS (
    SELECT
        month,
        business_date,
        domain,
        max(up_mbps) AS up_mbps,
        max(down_mbps) AS down_mbps,
        max(total_mbps) AS total_mbps
    FROM points
    GROUP BY month, business_date, domain
),
days AS (
    SELECT
        month,
        domain,
        max(up_mbps, 4) AS up_peaks,
        max(down_mbps, 4) AS down_peaks,
        max(total_mbps, 4) AS total_peaks,
        sum(up_mbps) AS up_sum,
        sum(down_mbps) AS down_sum,
        sum(total_mbps) AS total_sum,
        count(*) FILTER (up_mbps > 0) AS up_days,
        count(*) FILTER (down_mbps > 0) AS down_days,
        count(*) FILTER (total_mbps > 0) AS total_days
    FROM daily
    GROUP BY month, domain
),
tops AS (
    -- 447 points are all that can decide: of 31 days 446 are dropped.
    SELECT
        month,
        domain,
        max(up_mbps, 447) AS up_top,
        max(down_mbps, 447) AS down_top,
        max(total_mbps, 447) AS total_top,
        count(*) AS points_present
    FROM points
    GROUP BY month, domain
),
carried AS (
    -- Whole bytes: a sum of fractions would differ with the order of the rows.
    SELECT
        date_trunc('month', business_date)::DATE AS month,
        domain,
        sum(round(up_traffic_bytes)) AS up_traffic_bytes,
        sum(round(down_traffic_bytes)) AS down_traffic_bytes
    FROM traffic
    GROUP BY month, domain
),
captured AS (
    SELECT
        date_trunc('month', business_date)::DATE AS month,
        count(*) FILTER (state IN ('captured', 'empty') AND is_suspect IS NOT TRUE) AS days_captured,
        count(*) FILTER (state = 'incomplete') AS days_incomplete,
        count(*) FILTER (is_suspect) AS days_suspect
    FROM ledger
    WHERE dataset = 'bandwidth'
    GROUP BY month
),
by_direction AS (
    SELECT
        month,
        domain,
        unnest(['up', 'down', 'total']) AS direction,
        unnest([up_top, down_top, total_top]) AS top,
        unnest([up_peaks, down_peaks, total_peaks]) AS peaks,
        unnest([up_sum, down_sum, total_sum]) AS peak_sum,
        unnest([up_days, down_days, total_days]) AS days_with_traffic,
        unnest([
            up_traffic_bytes, down_traffic_bytes, up_traffic_bytes + down_traffic_bytes
        ]) AS traffic_bytes,
        points_present,
        dayofmonth(last_day(month)) AS days_in_month,
        coalesce(days_captured, 0) AS days_captured,
        coalesce(days_incomplete, 0) AS days_incomplete,
        coalesce(days_suspect, 0) AS days_suspect
    FROM tops JOIN days USING (month, domain) LEFT JOIN carried USING (month, domain)
        LEFT JOIN captured USING (month)
)
SELECT
    month,
    domain,
    direction,
    coalesce(top[days_in_month * 288 // 20 + 1], 0) AS p95_mbps,
    CASE WHEN days_captured + days_incomplete > 0
        THEN coalesce(top[(days_captured + days_incomplete) * 288 // 20 + 1], 0) END
        AS p95_so_far_mbps,
    coalesce(peaks[4], 0) AS fourth_peak_mbps,
    peak_sum / days_in_month AS daily_peak_average_mbps,
    peaks[1] AS peak_mbps,
    traffic_bytes,
    days_in_month * 288 AS points,
    days_in_month * 288 // 20 AS points_dropped,
    points_present,
    days_in_month,
    days_captured,
    days_incomplete,
    days_suspect,
    days_with_traffic,
    days_captured = days_in_month AS is_complete,
    'billed' AS basis
FROM by_direction
