-- What the register holds and a whole report lacks: organisations, or links of a report of links. The rule is the one
-- that explains it.
-- In: sides, $whole (else nothing is lacking), $organisations, $role_ids, $parent_rel, $parent_role_ids. Out: code,
-- here, rule, last_change_date.

WITH stamped AS (
    SELECT
        o.*,
        coalesce(o.legal_start, o.operational_start) AS opens,
        o.operational_end < DATE '2017-03-31'
        AND coalesce(o.legal_end < DATE '2017-03-31', true) AS is_out_of_scope
    FROM ord.organisations AS o
),

links AS (
    SELECT DISTINCT
        ods_code,
        target_ods_code,
        coalesce(operational_start, legal_start) AS starts
    FROM ord.relationships
    WHERE rel_id = $parent_rel
),

-- Links of a report of links that no row is about, numbered; and how many rows each two organisations lack. A row with
-- a wrong day is about some other link of the two, so their links are counted as well.
unlisted AS (
    SELECT
        l.ods_code,
        l.target_ods_code,
        l.starts,
        row_number() OVER (PARTITION BY l.ods_code, l.target_ods_code ORDER BY l.starts DESC NULLS LAST) AS number
    FROM links AS l
    WHERE
        NOT EXISTS (
            SELECT 1
            FROM sides AS k
            WHERE
                k.code = l.ods_code
                AND k.here_parent = l.target_ods_code
                AND k.starts IS NOT DISTINCT FROM l.starts
        )
),

listed AS (
    SELECT
        code,
        parent,
        count(*) AS listed
    FROM sides
    GROUP BY code, parent
),

lacking AS (
    SELECT
        l.ods_code,
        l.target_ods_code,
        count(*) - any_value(coalesce(r.listed, 0)) AS lacks
    FROM links AS l
    LEFT JOIN listed AS r ON r.code = l.ods_code AND r.parent = l.target_ods_code
    GROUP BY l.ods_code, l.target_ods_code
)

SELECT
    o.ods_code AS code,
    o.name AS here,
    CASE
        WHEN o.ref_only THEN 13
        WHEN o.is_out_of_scope THEN 5
    END AS rule,
    greatest(o.last_change_date, o.opens) AS last_change_date
FROM stamped AS o
ANTI JOIN sides AS r ON r.code = o.ods_code
WHERE $organisations AND list_contains($role_ids, o.primary_role_id) AND $whole
UNION ALL
SELECT
    m.ods_code,
    concat_ws(' from ', m.target_ods_code, m.starts),
    CASE
        WHEN o.ref_only THEN 13
        WHEN o.is_out_of_scope THEN 5
    END,
    greatest(o.last_change_date, m.starts)
FROM unlisted AS m
JOIN lacking AS n ON n.ods_code = m.ods_code AND n.target_ods_code = m.target_ods_code AND m.number <= n.lacks
JOIN stamped AS o ON o.ods_code = m.ods_code
LEFT JOIN ord.organisations AS q ON q.ods_code = m.target_ods_code
WHERE
    NOT $organisations
    AND list_contains($role_ids, o.primary_role_id)
    AND (len($parent_role_ids) = 0 OR list_contains($parent_role_ids, q.primary_role_id))
    AND $whole
