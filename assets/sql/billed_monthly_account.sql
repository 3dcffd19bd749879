-- Billed bandwidth of the account in each calendar month under the usual billing rules: the vendor's
-- billing points of its domains are added up in each 5-minute slot, and the rules look at the sums. One
-- row for each direction: take the one that your contract bills, and never add them up. Days that are
-- not captured count as 0. The same from monitoring data is in billing_monthly_account.
-- group: billing
-- kind: view
-- key: month, direction
-- optional: traffic
-- columns:
--   month: First day of the calendar month, in the business time zone.
--   direction: up, down, or total (up plus down, which the vendor takes the 95th percentile of).
-- include: billing_rules_columns
--   traffic_bytes [bytes]: Billed traffic of the month; NULL while the table traffic has none of it.
-- include: billing_days_columns
--   basis: billed: the points that the vendor bills from.
WITH points AS MATERIALIZED (
    -- Thousandths of a kbps: a sum of fractions would differ with the order of the rows.
    SELECT
        date_trunc('month', business_date)::DATE AS month,
        business_date,
        '' AS domain,
        sum(round(up_bandwidth_mbps * 1e6)) / 1e6 AS up_mbps,
        sum(round(down_bandwidth_mbps * 1e6)) / 1e6 AS down_mbps,
        sum(round(up_bandwidth_mbps * 1e6) + round(down_bandwidth_mbps * 1e6)) / 1e6 AS total_mbps
    FROM bandwidth
    GROUP BY month, business_date, slot_start_at
),
carried AS (
    -- Whole bytes: a sum of fractions would differ with the order of the rows.
    SELECT
        date_trunc('month', business_date)::DATE AS month,
        '' AS domain,
        sum(round(up_traffic_bytes)) AS up_traffic_bytes,
        sum(round(down_traffic_bytes)) AS down_traffic_bytes
    FROM traffic
    GROUP BY month
),
days_of_source AS (FROM ledger WHERE dataset = 'bandwidth'),
-- include: directions
-- include: billing_rules
SELECT
    month,
-- include: billing_rules_figures
    'billed' AS basis
FROM by_rule
