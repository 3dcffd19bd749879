-- Which five streams were worst yesterday, and why?

-- Minutes are held against the limits in health_threshold; a bad one may have several reasons.
SELECT domain, stream, round(good_percent, 1) AS "good_%", live_slots AS live_minutes,
       live_slots - good_slots AS bad_minutes, worst_reason, limit_value || ' ' || unit AS "limit",
       breach
FROM stream_health_daily LEFT JOIN health_threshold ON reason = worst_reason
WHERE business_date = coalesce(getvariable('day')::DATE,
                               (SELECT max(business_date) FROM stream_health_daily))
  AND domain = coalesce(getvariable('domain'), domain)
ORDER BY good_percent, live_slots DESC, domain, stream
LIMIT 5
