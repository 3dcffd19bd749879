-- Domains with what the account says of them, deleted ones too: joins every column domain.
-- group: dimensions
-- kind: view
-- key: domain
-- columns:
--   domain: Domain name.
--   domain_type: push, or pull-flv for a pull domain.
--   status: 0 normal, 1 in review, 2 disabled, 3 deleted, 4 rejected, 5 stopped for arrears,
--     6 blocked for lack of filing.
--   status_name: The status in words.
--   is_active: Whether the domain is in its normal state.
--   vhost: Domain space: a named group.
--   region: Where it serves: cn, cn-global or cn-oversea.
--   push_domain: Push domain that a pull domain is bound to.
--   project_name: Project of the space.
--   created_at: When it was added.
SELECT
    domain,
    domain_type,
    status,
    CASE status
        WHEN 0 THEN 'normal' WHEN 1 THEN 'in review' WHEN 2 THEN 'disabled'
        WHEN 3 THEN 'deleted' WHEN 4 THEN 'rejected' WHEN 5 THEN 'stopped for arrears'
        WHEN 6 THEN 'blocked for lack of filing'
    END AS status_name,
    status = 0 AS is_active,
    vhost,
    region,
    push_domain,
    project_name,
    created_at
FROM domain
