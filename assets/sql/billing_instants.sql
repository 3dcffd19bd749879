-- The 5-minute slots that decide the account's monthly bandwidth in billing_monthly_account, and what
-- each domain had in them: whose traffic the bill is made of. Shares of one slot add up to 100 %.
-- group: billing
-- kind: view
-- key: month, direction, rule, slot_start_at, domain
-- columns:
--   month: First day of the calendar month, in the business time zone.
--   direction: up, down, or total (up plus down).
--   rule: p95, fourth_peak, peak (one slot each), or daily_peak_average (the peak of each day). A
--     rule that comes to 0 has no slot.
--   slot_start_at: Start of the slot; of equal ones the earliest.
--   business_date: Calendar day of the slot in the business time zone.
--   account_mbps [Mbps]: The account's bandwidth in the slot. For all rules but
--     daily_peak_average it is what the rule comes to.
--   domain: Domain name.
--   domain_mbps [Mbps]: Bandwidth of the domain in the slot.
--   share_percent [%]: Share of the domain in the slot, 0 to 100.
--   basis: monitoring: these are monitoring data, and the vendor's bill may differ.
WITH
-- include: directions
slots AS (
    SELECT
        date_trunc('month', business_date)::DATE AS month,
        business_date,
        slot_start_at,
        direction,
        CASE direction WHEN 'up' THEN up_mbps WHEN 'down' THEN down_mbps ELSE total_mbps END
            AS account_mbps
    FROM bandwidth_5min_account CROSS JOIN directions
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY month, direction ORDER BY account_mbps DESC, slot_start_at
        ) AS rank_in_month,
        row_number() OVER (
            PARTITION BY business_date, direction ORDER BY account_mbps DESC, slot_start_at
        ) AS rank_in_day
    FROM slots
    WHERE account_mbps > 0
),
peaks AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY month, direction ORDER BY account_mbps DESC, slot_start_at
        ) AS rank_of_day
    FROM ranked
    WHERE rank_in_day = 1
),
decisive AS (
    SELECT month, direction, 'p95' AS rule, business_date, slot_start_at, account_mbps
    FROM ranked
    WHERE rank_in_month = dayofmonth(last_day(month)) * 288 // 20 + 1
    UNION ALL
    SELECT month, direction, 'peak', business_date, slot_start_at, account_mbps
    FROM ranked
    WHERE rank_in_month = 1
    UNION ALL
    SELECT month, direction, 'fourth_peak', business_date, slot_start_at, account_mbps
    FROM peaks
    WHERE rank_of_day = 4
    UNION ALL
    SELECT month, direction, 'daily_peak_average', business_date, slot_start_at, account_mbps
    FROM peaks
),
shares AS (
    SELECT
        month,
        direction,
        rule,
        slot_start_at,
        business_date,
        account_mbps,
        domain,
        CASE direction WHEN 'up' THEN up_mbps WHEN 'down' THEN down_mbps ELSE total_mbps END
            AS domain_mbps
    FROM decisive JOIN bandwidth_5min USING (business_date, slot_start_at)
)
SELECT
    month,
    direction,
    rule,
    slot_start_at,
    business_date,
    account_mbps,
    domain,
    domain_mbps,
    100 * domain_mbps / account_mbps AS share_percent,
    'monitoring' AS basis
FROM shares
