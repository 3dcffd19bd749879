-- How far each dataset has come, from the ledger. Domains, regions and carriers have no days and
-- are not listed.
-- group: coverage
-- kind: view
-- key: dataset
-- columns:
--   dataset: Table that the line is about.
--   newest_complete_day: Newest day that is complete (captured or empty, not suspect); NULL: none.
--   newest_due_day: Newest day that could be complete: over, and old enough at the vendor; NULL:
--     none.
--   newest_captured_at: When the newest capture was fetched.
--   days_behind [days]: Due days after the newest complete one; 0 is up to date.
--   complete_days [days]: Days that are complete.
--   incomplete_days [days]: Days of which a part is missing.
--   suspect_days [days]: Days that are contradicted by other datasets or by the answer itself.
--   missing_days [days]: Days that were never asked, or not completely (partial), and can be.
--   expiring_days [days]: Such days that the API forgets soon.
--   lost_days [days]: Days that the API has forgotten, and nobody captured.
--   restated_days [days]: Complete days that the vendor restated after the first capture.
WITH lines AS (
    SELECT *, state IN ('captured', 'empty') AND is_suspect IS NOT TRUE AS is_complete,
           max(CASE WHEN state IN ('captured', 'empty') AND is_suspect IS NOT TRUE
                    THEN business_date END) OVER (PARTITION BY dataset) AS newest_complete_day
    FROM ledger
)
SELECT dataset,
       max(newest_complete_day) AS newest_complete_day,
       max(business_date) FILTER (state <> 'settling') AS newest_due_day,
       max(captured_at) AS newest_captured_at,
       count(*) FILTER (state <> 'settling'
                        AND (newest_complete_day IS NULL OR business_date > newest_complete_day))
           AS days_behind,
       count(*) FILTER (is_complete) AS complete_days,
       count(*) FILTER (state = 'incomplete') AS incomplete_days,
       count(*) FILTER (is_suspect) AS suspect_days,
       count(*) FILTER (state IN ('missing', 'partial')) AS missing_days,
       count(*) FILTER (state = 'expiring') AS expiring_days,
       count(*) FILTER (state = 'lost') AS lost_days,
       count(*) FILTER (is_complete AND captures > 1) AS restated_days
FROM lines
GROUP BY dataset
