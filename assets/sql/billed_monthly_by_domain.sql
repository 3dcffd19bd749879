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
-- include: billing_rules_columns
--   traffic_bytes [bytes]: Billed traffic of the month; NULL while the table traffic has none of it.
-- include: billing_days_columns
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
days_of_source AS (FROM ledger WHERE dataset = 'bandwidth'),
-- include: directions
-- include: billing_rules
SELECT *, 'billed' AS basis FROM by_rule
