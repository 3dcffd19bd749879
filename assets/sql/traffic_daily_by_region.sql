-- Traffic and bandwidth of each domain, viewers' country and day. Traffic adds up over countries,
-- domains and days; peaks never do, for they are at different times.
-- group: traffic
-- kind: table by day
-- key: business_date, domain, user_area, user_country
-- columns:
--   business_date: Calendar day in the business time zone.
--   domain: Domain name.
--   user_area: Client area code, see dim_region.
--   area_name: Area name; its code where the account's list does not have it.
--   user_country: Client country code, see dim_region.
--   country_name: Country name; its code where the account's list does not have it.
--   up_traffic_bytes [bytes]: Upstream traffic of the day.
--   down_traffic_bytes [bytes]: Downstream traffic of the day.
--   traffic_bytes [bytes]: Upstream plus downstream traffic of the day.
--   requests [requests]: Requests of the day.
--   average_up_mbps [Mbps]: Average upstream bandwidth over the whole day.
--   average_down_mbps [Mbps]: Average downstream bandwidth over the whole day.
--   average_total_mbps [Mbps]: Average of upstream plus downstream over the whole day.
--   peak_up_mbps [Mbps]: Highest 5-minute average upstream.
--   peak_up_at: When the slot of peak_up_mbps begins; the earliest of equal ones.
--   peak_down_mbps [Mbps]: Highest 5-minute average downstream.
--   peak_down_at: When the slot of peak_down_mbps begins; the earliest of equal ones.
--   peak_total_mbps [Mbps]: Highest 5-minute average of upstream plus downstream.
--   peak_total_at: When the slot of peak_total_mbps begins; the earliest of equal ones.
WITH slots AS (
    SELECT
        business_date,
        slot_start_at,
        slot_seconds,
        domain,
        user_area,
        user_country,
        requests,
        -- Whole bytes: a sum of fractions would differ with the order of the rows.
        round(up_traffic_bytes) AS up_bytes,
        round(down_traffic_bytes) AS down_bytes
    FROM edge_stat_by_region
),
daily AS (
    SELECT
        business_date,
        domain,
        user_area,
        user_country,
        sum(up_bytes) AS up_traffic_bytes,
        sum(down_bytes) AS down_traffic_bytes,
        sum(up_bytes + down_bytes) AS traffic_bytes,
        sum(requests) AS requests,
        max(up_bytes * 8 / slot_seconds / 1e6) AS peak_up_mbps,
        arg_max(slot_start_at, (up_bytes, -epoch_us(slot_start_at))) AS peak_up_at,
        max(down_bytes * 8 / slot_seconds / 1e6) AS peak_down_mbps,
        arg_max(slot_start_at, (down_bytes, -epoch_us(slot_start_at))) AS peak_down_at,
        max((up_bytes + down_bytes) * 8 / slot_seconds / 1e6) AS peak_total_mbps,
        arg_max(slot_start_at, (up_bytes + down_bytes, -epoch_us(slot_start_at))) AS peak_total_at
    FROM slots
    GROUP BY business_date, domain, user_area, user_country
)
SELECT
    business_date,
    domain,
    user_area,
    coalesce(area_name, user_area) AS area_name,
    user_country,
    coalesce(country_name, user_country) AS country_name,
    up_traffic_bytes,
    down_traffic_bytes,
    traffic_bytes,
    requests,
    up_traffic_bytes * 8 / 86400 / 1e6 AS average_up_mbps,
    down_traffic_bytes * 8 / 86400 / 1e6 AS average_down_mbps,
    traffic_bytes * 8 / 86400 / 1e6 AS average_total_mbps,
    peak_up_mbps,
    peak_up_at,
    peak_down_mbps,
    peak_down_at,
    peak_total_mbps,
    peak_total_at
FROM daily
LEFT JOIN (
    SELECT area_code AS user_area, max(area_name) AS area_name
    FROM region
    GROUP BY area_code
) USING (user_area)
LEFT JOIN (
    SELECT
        area_code AS user_area,
        country_code AS user_country,
        max(country_name) AS country_name
    FROM region
    GROUP BY area_code, country_code
) USING (user_area, user_country)
