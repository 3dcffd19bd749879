-- Carriers with their names: joins every column isp.
-- group: dimensions
-- kind: view
-- key: isp
-- columns:
--   isp: Carrier code, as in every column isp.
--   isp_name: Carrier name.
SELECT isp, isp_name FROM isp
