-- Bandwidth of each domain and calendar month under the usual billing rules, from 5-minute averages.
-- One row for each direction: take the one that your contract bills, and never add directions or
-- domains up: billing_monthly_account is the account's. Days that are not captured count as 0.
-- group: billing
-- kind: view
-- key: month, domain, direction
-- columns:
--   month: First day of the calendar month, in the business time zone.
--   domain: Domain name.
--   direction: up, down, or total (up plus down, which the vendor takes the 95th percentile of).
-- include: billing_rules_columns
--   traffic_bytes [bytes]: Traffic of the month.
-- include: billing_days_columns
--   basis: monitoring: these are monitoring data, and the vendor's bill may differ.
WITH points AS MATERIALIZED (
    SELECT *, date_trunc('month', business_date)::DATE AS month
    FROM bandwidth_5min
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
SELECT *, 'monitoring' AS basis FROM by_rule
