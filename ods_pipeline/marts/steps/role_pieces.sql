-- The days on which organisations hold a role that hierarchy_rules.csv asks for next to the primary one. Each such
-- organisation has rows without gap or overlap, from 0001-01-01 to infinity, with the roles asked for that it holds.
-- As in organisation_kinds, a role that began with the organisation, or lasted to its end, counts before and after too,
-- and one that was over before the organisation began never counts.

WITH asked_for AS (
    SELECT DISTINCT unnest(regexp_extract_all(child_role || ' ' || parent_role, '[+-](RO[0-9]+)', 1)) AS role_id
    FROM hierarchy_rules
),

held AS (
    SELECT
        r.ods_code,
        r.role_id,
        holds_from(r.operational_start, r.legal_start) AS role_from,
        holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, o.last_change_date)
            AS role_to,
        coalesce(holds_from(o.operational_start, o.legal_start), DATE '1900-01-01') AS begins,
        holds_to(o.status, o.operational_start, o.legal_start, o.operational_end, o.legal_end, o.last_change_date)
            AS ends
    FROM ord.roles AS r
    SEMI JOIN asked_for AS a ON a.role_id = r.role_id
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code AND o.primary_role_id IS DISTINCT FROM r.role_id
),

spans AS MATERIALIZED (
    SELECT
        ods_code,
        role_id,
        CASE WHEN role_from > begins THEN role_from ELSE DATE '0001-01-01' END AS valid_from,
        CASE
            WHEN role_to < ends OR (ends IS NULL AND role_to IS NOT NULL) THEN role_to
            ELSE DATE 'infinity'
        END AS valid_to
    FROM held
    WHERE coalesce(role_to > begins, true)
),

days AS (
    SELECT
        ods_code,
        unnest([valid_from, valid_to, DATE '0001-01-01', DATE 'infinity']) AS day
    FROM spans
),

pieces AS (
    SELECT
        ods_code,
        day AS valid_from,
        lead(day) OVER (PARTITION BY ods_code ORDER BY day) AS valid_to
    FROM (SELECT DISTINCT * FROM days)
)

SELECT
    p.ods_code,
    p.valid_from,
    p.valid_to,
    coalesce(list_sort(list(DISTINCT s.role_id) FILTER (s.role_id IS NOT NULL)), []) AS roles
FROM pieces AS p
LEFT JOIN spans AS s ON s.ods_code = p.ods_code AND s.valid_from <= p.valid_from AND s.valid_to >= p.valid_to
WHERE p.valid_to IS NOT NULL
GROUP BY p.ods_code, p.valid_from, p.valid_to
