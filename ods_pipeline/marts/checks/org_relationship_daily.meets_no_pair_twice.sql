-- relationships in the shape of the reference data
-- No two rows of a pair hold on one day, a relationship of two organisations with type codes has a row on its first
-- day, and what is called a predecessor is one of a succession.
WITH typed AS (
    SELECT ods_code
    FROM ord.organisations
    WHERE primary_role_id IN (SELECT primary_role_id FROM organisation_type_codes WHERE with_role_id IS NULL)
),

expected AS (
    SELECT
        r.ods_code,
        r.target_ods_code,
        coalesce(r.legal_start, r.operational_start) AS begins
    FROM ord.relationships AS r
    WHERE
        r.ods_code IN (FROM typed)
        AND r.target_ods_code IN (FROM typed)
        AND coalesce(coalesce(r.legal_end, r.operational_end) >= begins, r.status = 'Active')
)

SELECT
    'twice on one day' AS problem,
    a.rel_from_org_code || ' ' || a.rel_to_org_code AS label
FROM mart AS a
JOIN mart AS b
    ON
    a.rel_from_org_code = b.rel_from_org_code
    AND a.rel_to_org_code = b.rel_to_org_code
    AND a.rel_number = b.rel_number - 1
WHERE a.rel_number > 0 AND coalesce(a.rel_close_date >= b.rel_open_date, true)
UNION ALL
SELECT
    'missing',
    e.ods_code || ' ' || e.target_ods_code
FROM expected AS e
ANTI JOIN mart AS m
    ON
    m.rel_from_org_code = e.ods_code
    AND m.rel_to_org_code = e.target_ods_code
    AND m.rel_number > 0
    AND coalesce(m.rel_open_date <= e.begins, true)
    AND coalesce(m.rel_close_date >= e.begins, true)
UNION ALL
SELECT
    'predecessor in no succession',
    m.rel_from_org_code || ' ' || m.rel_to_org_code
FROM mart AS m
ANTI JOIN marts.succession_edges AS e ON e.new_code = m.rel_from_org_code AND e.old_code = m.rel_to_org_code
WHERE m.rel_number = 0 OR m.rel_type_code = 'P'
