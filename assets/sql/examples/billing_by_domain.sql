-- What was last month's billing bandwidth of each domain, under each rule?

-- Monitoring data, not the bill. Take the rule and the direction of your contract.
SELECT domain, round(p95_mbps, 1) AS p95_mbps, round(fourth_peak_mbps, 1) AS fourth_peak_mbps,
       round(daily_peak_average_mbps, 1) AS daily_peak_average_mbps,
       round(peak_mbps, 1) AS peak_mbps, days_captured, is_complete
FROM billing_monthly_by_domain
WHERE direction = 'total'
  AND month = coalesce(getvariable('month')::DATE,
                   (SELECT date_trunc('month', max(business_date) + 1) - INTERVAL 1 MONTH
                    FROM traffic_daily_by_domain))
  AND domain = coalesce(getvariable('domain'), domain)
ORDER BY p95_mbps DESC
