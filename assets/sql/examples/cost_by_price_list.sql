-- What did last month's traffic of each domain come to, by a price list of ours?

-- --with prices: domain, price_per_gb
-- The traffic is as billed: up plus down, or `--param direction=down`. 1 GB is 10^9 bytes. A domain
-- without a price has no cost.
SELECT domain, round(traffic_bytes / 1e9, 1) AS traffic_gb, price_per_gb,
       round(traffic_bytes / 1e9 * price_per_gb, 2) AS cost, days_captured, is_complete
FROM billed_monthly_by_domain LEFT JOIN prices USING (domain)
WHERE direction = coalesce(getvariable('direction'), 'total')
  AND month = coalesce(getvariable('month')::DATE,
                   (SELECT date_trunc('month', max(business_date) + 1) - INTERVAL 1 MONTH
                    FROM traffic_daily_by_domain))
  AND domain = coalesce(getvariable('domain'), domain)
ORDER BY cost DESC NULLS LAST, traffic_gb DESC NULLS LAST, domain
