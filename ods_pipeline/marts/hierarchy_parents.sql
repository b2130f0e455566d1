-- The one parent of each organisation at each level over time. The edges of a level are cut into pieces at every day
-- on which one of them begins or ends, and each piece takes the best edge that holds: by the rule's preference, then
-- the later start, then the code of the parent, then the id. Neighbours with the same outcome become one row.

WITH edges AS MATERIALIZED (
    SELECT
        ods_code,
        level,
        preference,
        parent_code,
        rel_id,
        unique_rel_id,
        part,
        valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.hierarchy_edges
    WHERE preference IS NOT NULL AND parent_is_held AND valid_from < coalesce(valid_to, DATE 'infinity')
),

-- Most edges hold while no other edge of their organisation and level does: there is nothing to choose.
rivals AS MATERIALIZED (
    SELECT DISTINCT
        a.unique_rel_id,
        a.level,
        a.part
    FROM edges AS a
    JOIN edges AS b
        ON b.ods_code = a.ods_code AND b.level = a.level
        AND (b.unique_rel_id <> a.unique_rel_id OR b.part <> a.part)
        AND share_days(b.valid_from, b.valid_to, a.valid_from, a.valid_to)
),

alone AS (
    SELECT
        e.*,
        false AS is_ambiguous
    FROM edges AS e
    ANTI JOIN rivals AS r ON r.unique_rel_id = e.unique_rel_id AND r.level = e.level AND r.part = e.part
),

several AS MATERIALIZED (
    SELECT e.*
    FROM edges AS e
    SEMI JOIN rivals AS r ON r.unique_rel_id = e.unique_rel_id AND r.level = e.level AND r.part = e.part
),

days AS (
    SELECT
        ods_code,
        level,
        valid_from AS day
    FROM several
    UNION
    SELECT
        ods_code,
        level,
        valid_to
    FROM several
),

pieces AS (
    SELECT
        ods_code,
        level,
        day AS valid_from,
        lead(day) OVER (PARTITION BY ods_code, level ORDER BY day) AS valid_to
    FROM days
),

ranked AS (
    SELECT
        p.ods_code,
        p.level,
        p.valid_from,
        p.valid_to,
        e.parent_code,
        e.rel_id,
        e.unique_rel_id,
        row_number() OVER (
            PARTITION BY p.ods_code, p.level, p.valid_from
            ORDER BY e.preference, e.valid_from DESC, e.parent_code, e.unique_rel_id, e.part
        ) AS place,
        min(e.parent_code) OVER same_preference <> max(e.parent_code) OVER same_preference AS is_ambiguous
    FROM pieces AS p
    JOIN several AS e
        ON e.ods_code = p.ods_code AND e.level = p.level AND holds_on(e.valid_from, e.valid_to, p.valid_from)
    WINDOW same_preference AS (PARTITION BY p.ods_code, p.level, p.valid_from, e.preference)
),

chosen AS (
    SELECT * EXCLUDE (place)
    FROM ranked
    WHERE place = 1
)

SELECT * REPLACE (nullif(valid_to, DATE 'infinity') AS valid_to)
FROM (
    FROM joined_runs('chosen', (ods_code, level), (unique_rel_id, is_ambiguous))
    UNION ALL BY NAME
    SELECT * EXCLUDE (preference, part) FROM alone
)
