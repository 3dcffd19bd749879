-- Share of complete days of each dataset and month, from the ledger. Days that the vendor has not
-- settled yet are left out.
-- group: coverage
-- kind: view
-- key: dataset, month
-- columns:
--   dataset: Table that the line is about.
--   month: First day of the calendar month.
--   due_days [days]: Days of the archive in the month that could be complete; lost ones included.
--   complete_days [days]: Those that are: captured, or asked and proven empty, and not suspect.
--   incomplete_days [days]: Those of which a part is missing.
--   suspect_days [days]: Those that are contradicted by other datasets or by the answer itself.
--   lost_days [days]: Those that nobody captured and the API has forgotten.
--   complete_percent [%]: complete_days of due_days, 0 to 100.
WITH counted AS (
    SELECT dataset, date_trunc('month', business_date)::DATE AS month,
           count(*) AS due_days,
           count(*) FILTER (state IN ('captured', 'empty') AND is_suspect IS NOT TRUE)
               AS complete_days,
           count(*) FILTER (state = 'incomplete') AS incomplete_days,
           count(*) FILTER (is_suspect) AS suspect_days,
           count(*) FILTER (state = 'lost') AS lost_days
    FROM ledger
    WHERE state <> 'settling'
    GROUP BY dataset, month
)
SELECT dataset, month, due_days, complete_days, incomplete_days, suspect_days, lost_days,
       100 * complete_days / due_days AS complete_percent
FROM counted
