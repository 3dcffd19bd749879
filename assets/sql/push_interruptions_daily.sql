-- Pushes and interruptions of each stream and day, by the reason for which the push before had
-- ended. An interruption counts on the day on which the stream came back.
-- group: pushes
-- kind: view
-- key: business_date, domain, app, stream, interruption_reason
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Push domain.
--   app: Application, the AppName of a URL.
--   stream: Stream name.
--   interruption_reason: Why the push before had ended, free text of the vendor; NULL: pushes that
--     were no reconnects.
--   pushes [pushes]: Pushes that began on the day.
--   interruptions [pushes]: Those among them that went on after an interruption.
--   interrupted_s [s]: How long the stream was off in these interruptions, all together.
--   longest_interruption_s [s]: The longest of them.
SELECT business_date, domain, app, stream,
       CASE WHEN is_interruption THEN earlier_break_reason END AS interruption_reason,
       count(*) AS pushes,
       count(*) FILTER (is_interruption) AS interruptions,
       coalesce(sum(reconnect_gap_s) FILTER (is_interruption), 0)::BIGINT AS interrupted_s,
       max(reconnect_gap_s) FILTER (is_interruption) AS longest_interruption_s
FROM push_sessions
GROUP BY business_date, domain, app, stream, interruption_reason
