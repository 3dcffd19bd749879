-- Bandwidth of the account in each calendar month under the usual billing rules: its domains are
-- added up in each 5-minute slot, and the rules look at the sums. It is less than the sum of the
-- domains' own figures, whose peaks are at different times. One row for each direction: take the
-- one that your contract bills, and never add them up. Days that are not captured count as 0.
-- group: billing
-- kind: view
-- key: month, direction
-- columns:
--   month: First day of the calendar month, in the business time zone.
--   direction: up, down, or total (up plus down, which the vendor takes the 95th percentile of).
-- include: billing_rules_columns
--   traffic_bytes [bytes]: Traffic of the month.
-- include: billing_days_columns
--   basis: monitoring: these are monitoring data, and the vendor's bill may differ.
WITH points AS MATERIALIZED (
    SELECT *, date_trunc('month', business_date)::DATE AS month, '' AS domain
    FROM bandwidth_5min_account
),
carried AS (
    SELECT
        month,
        domain,
        sum(up_traffic_bytes) AS up_traffic_bytes,
        sum(down_traffic_bytes) AS down_traffic_bytes
    FROM points
    GROUP BY month, domain
),
days_of_source AS (FROM ledger WHERE dataset = 'edge_stat'),
-- include: directions
-- include: billing_rules
SELECT
    month,
-- include: billing_rules_figures
    'monitoring' AS basis
FROM by_rule
