-- vaccination sites
-- A site has a row if it was one on some day on which provider_hierarchy has a row of it. One that never held on any
-- day (its end is before its start, or its role began after its own end) has none.
WITH stated AS (
    SELECT
        ods_code,
        coalesce(holds_from(operational_start, legal_start), DATE '1900-01-01') AS first_day,
        -- A pharmacy site is never of another kind: links beyond its life count too.
        DATE 'infinity' AS until
    FROM ord.organisations
    WHERE primary_role_id = ro_pharmacy_site()
    UNION ALL
    SELECT
        r.ods_code,
        holds_from(r.operational_start, r.legal_start),
        coalesce(
            holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, o.last_change_date),
            DATE 'infinity'
        )
    FROM ord.roles AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code AND o.primary_role_id <> ro_pharmacy_site()
    WHERE r.role_id = ro_vaccination_centre()
),

expected AS (
    SELECT DISTINCT s.ods_code
    FROM stated AS s
    JOIN marts.provider_hierarchy AS h ON h.ods_code = s.ods_code
    WHERE greatest(s.first_day, h.valid_from) < least(s.until, coalesce(h.valid_to, DATE 'infinity'))
        AND s.first_day IS NOT NULL
)

SELECT
    'missing' AS problem,
    ods_code AS label
FROM (
    FROM expected
    EXCEPT
    SELECT site_code FROM mart
)
UNION ALL
SELECT
    'too many',
    site_code
FROM (
    SELECT site_code FROM mart
    EXCEPT
    FROM expected
)
UNION ALL
SELECT
    'overlaps',
    a.site_code || ' ' || a.valid_from
FROM mart AS a
JOIN mart AS b
    ON b.site_code = a.site_code AND b.valid_from > a.valid_from
    AND coalesce(a.valid_to > b.valid_from, true)
