-- Which five minutes decide last month's bill of the account, and whose traffic is it?

SELECT rule, strftime(slot_start_at, '%Y-%m-%d %H:%M') AS slot,
       round(account_mbps, 1) AS account_mbps, domain, round(domain_mbps, 1) AS domain_mbps,
       round(share_percent, 1) AS "share_%"
FROM billing_instants
WHERE direction = 'total' AND rule <> 'daily_peak_average'
  AND month = coalesce(getvariable('month')::DATE,
                   (SELECT date_trunc('month', max(business_date) + 1) - INTERVAL 1 MONTH
                    FROM traffic_daily_by_domain))
  AND domain = coalesce(getvariable('domain'), domain)
  AND share_percent >= 1
ORDER BY billing_instants.account_mbps, rule, share_percent DESC, domain
