-- The usual billing rules, one row for each month, domain and direction. What includes this gives
-- points (month, business_date, domain, up_mbps, down_mbps, total_mbps), carried (month, domain,
-- up_traffic_bytes, down_traffic_bytes) and days_of_source, the rows of ledger for its dataset. For the
-- account as a whole domain is ''.
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
        -- Thousandths of a kbps: a sum of fractions would differ with the order of the rows.
        sum(round(up_mbps * 1e6)) / 1e6 AS up_sum,
        sum(round(down_mbps * 1e6)) / 1e6 AS down_sum,
        sum(round(total_mbps * 1e6)) / 1e6 AS total_sum,
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
captured AS (
    SELECT
        date_trunc('month', business_date)::DATE AS month,
        count(*) FILTER (state IN ('captured', 'empty') AND is_suspect IS NOT TRUE) AS days_captured,
        count(*) FILTER (state = 'incomplete') AS days_incomplete,
        count(*) FILTER (is_suspect) AS days_suspect
    FROM days_of_source
    GROUP BY month
),
by_direction AS (
    SELECT
        month,
        domain,
        direction,
        CASE direction WHEN 'up' THEN up_top WHEN 'down' THEN down_top ELSE total_top END AS top,
        CASE direction WHEN 'up' THEN up_peaks WHEN 'down' THEN down_peaks ELSE total_peaks END
            AS peaks,
        CASE direction WHEN 'up' THEN up_sum WHEN 'down' THEN down_sum ELSE total_sum END
            AS peak_sum,
        CASE direction WHEN 'up' THEN up_days WHEN 'down' THEN down_days ELSE total_days END
            AS days_with_traffic,
        CASE direction WHEN 'up' THEN up_traffic_bytes WHEN 'down' THEN down_traffic_bytes
            ELSE up_traffic_bytes + down_traffic_bytes END AS traffic_bytes,
        points_present,
        dayofmonth(last_day(month)) AS days_in_month,
        coalesce(days_captured, 0) AS days_captured,
        coalesce(days_incomplete, 0) AS days_incomplete,
        coalesce(days_suspect, 0) AS days_suspect
    FROM tops JOIN days USING (month, domain) LEFT JOIN carried USING (month, domain)
        LEFT JOIN captured USING (month) CROSS JOIN directions
),
by_rule AS (
    SELECT
        month,
        domain,
        direction,
        coalesce(list_extract(top, days_in_month * 288 // 20 + 1), 0) AS p95_mbps,
        CASE WHEN days_captured + days_incomplete > 0
            THEN coalesce(list_extract(top, (days_captured + days_incomplete) * 288 // 20 + 1), 0)
            END
            AS p95_so_far_mbps,
        coalesce(list_extract(peaks, 4), 0) AS fourth_peak_mbps,
        peak_sum / days_in_month AS daily_peak_average_mbps,
        list_extract(peaks, 1) AS peak_mbps,
        traffic_bytes,
        days_in_month * 288 AS points,
        days_in_month * 288 // 20 AS points_dropped,
        points_present,
        days_in_month,
        days_captured,
        days_incomplete,
        days_suspect,
        days_with_traffic,
        days_captured = days_in_month AS is_complete
    FROM by_direction
)
