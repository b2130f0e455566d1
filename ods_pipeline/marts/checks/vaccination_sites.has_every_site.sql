-- vaccination sites
-- A site has a row if it was one on some day of its own life, on which provider_hierarchy has a row of it. One that
-- never held on any day (its end is before its start, or its role began after its own end) has none.
WITH lives AS (
    SELECT
        ods_code,
        primary_role_id,
        last_change_date,
        coalesce(holds_from(operational_start, legal_start), DATE '1900-01-01') AS first_day,
        holds_to(status, operational_start, legal_start, operational_end, legal_end, last_change_date) AS until
    FROM ord.organisations
),

stated AS (
    SELECT
        ods_code,
        first_day,
        coalesce(until, DATE 'infinity') AS until
    FROM lives
    WHERE primary_role_id = ro_pharmacy_site()
    UNION ALL
    SELECT
        r.ods_code,
        greatest(holds_from(r.operational_start, r.legal_start), l.first_day),
        least(
            holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, l.last_change_date),
            l.until,
            DATE 'infinity'
        )
    FROM ord.roles AS r
    JOIN lives AS l ON l.ods_code = r.ods_code AND l.primary_role_id <> ro_pharmacy_site()
    WHERE r.role_id = ro_vaccination_centre() AND holds_from(r.operational_start, r.legal_start) IS NOT NULL
),

expected AS (
    SELECT DISTINCT s.ods_code
    FROM stated AS s
    JOIN marts.provider_hierarchy AS h ON h.ods_code = s.ods_code
    WHERE greatest(s.first_day, h.valid_from) < least(s.until, coalesce(h.valid_to, DATE 'infinity'))
)

FROM other_codes('expected', site_code)
UNION ALL
SELECT
    'overlaps',
    a.site_code || ' ' || a.valid_from
FROM mart AS a
JOIN mart AS b
    ON b.site_code = a.site_code AND b.valid_from > a.valid_from
    AND coalesce(a.valid_to > b.valid_from, true)
