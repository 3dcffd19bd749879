-- What did last month come to, item by item, as the vendor bills it and as monitoring measured it?

SELECT item, detail, CASE unit WHEN 'bytes' THEN 'GB' ELSE unit END AS unit,
       round(billed / CASE unit WHEN 'bytes' THEN 1e9 ELSE 1 END, 1) AS billed,
       round(monitored / CASE unit WHEN 'bytes' THEN 1e9 ELSE 1 END, 1) AS monitored,
       round(difference_percent, 2) AS difference_percent, days_captured, is_complete
FROM bill_monthly
WHERE month = coalesce(getvariable('month')::DATE,
                   (SELECT date_trunc('month', max(business_date) + 1) - INTERVAL 1 MONTH
                    FROM traffic_daily_by_domain))
  AND (detail = 'total' OR item NOT LIKE '%bandwidth' AND item <> 'traffic')
ORDER BY detail <> 'total', item DESC, detail
