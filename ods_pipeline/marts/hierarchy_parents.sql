-- The one parent of each body at each level over time. Between two days on which some edge of the level begins
-- or ends nothing changes: for each such piece the best edge that holds is taken, by the rule's preference, then
-- the later start, then the code of the parent, then the id. Pieces in a row with the same outcome are one row.

WITH edges AS MATERIALIZED (
    SELECT
        ods_code, level, preference, parent_code, rel_id, unique_rel_id, valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.hierarchy_edges
    WHERE preference IS NOT NULL AND parent_is_held AND valid_from < coalesce(valid_to, DATE 'infinity')
),

-- Most edges hold while no other of their body and level does: there is nothing to choose.
rivals AS MATERIALIZED (
    SELECT DISTINCT a.unique_rel_id, a.level
    FROM edges AS a
    JOIN edges AS b
        ON b.ods_code = a.ods_code AND b.level = a.level AND b.unique_rel_id <> a.unique_rel_id
        AND b.valid_from < a.valid_to AND b.valid_to > a.valid_from
),

alone AS (
    SELECT e.*, false AS is_ambiguous
    FROM edges AS e
    ANTI JOIN rivals AS r ON r.unique_rel_id = e.unique_rel_id AND r.level = e.level
),

several AS MATERIALIZED (
    SELECT e.*
    FROM edges AS e
    SEMI JOIN rivals AS r ON r.unique_rel_id = e.unique_rel_id AND r.level = e.level
),

cuts AS (
    SELECT ods_code, level, valid_from AS day FROM several
    UNION
    SELECT ods_code, level, valid_to FROM several
),

pieces AS (
    SELECT ods_code, level, day AS piece_from, lead(day) OVER (PARTITION BY ods_code, level ORDER BY day) AS piece_to
    FROM cuts
),

ranked AS (
    SELECT
        p.ods_code, p.level, p.piece_from, p.piece_to, e.parent_code, e.rel_id, e.unique_rel_id,
        row_number() OVER (
            PARTITION BY p.ods_code, p.level, p.piece_from
            ORDER BY e.preference, e.valid_from DESC, e.parent_code, e.unique_rel_id
        ) AS place,
        min(e.parent_code) OVER same_preference <> max(e.parent_code) OVER same_preference AS is_ambiguous
    FROM pieces AS p
    JOIN several AS e
        ON e.ods_code = p.ods_code AND e.level = p.level
        AND e.valid_from <= p.piece_from AND e.valid_to >= p.piece_to
    WINDOW same_preference AS (PARTITION BY p.ods_code, p.level, p.piece_from, e.preference)
),

chosen AS (
    SELECT
        *,
        unique_rel_id IS DISTINCT FROM lag(unique_rel_id) OVER in_time
        OR is_ambiguous IS DISTINCT FROM lag(is_ambiguous) OVER in_time
        OR piece_from IS DISTINCT FROM lag(piece_to) OVER in_time AS is_new
    FROM ranked
    WHERE place = 1
    WINDOW in_time AS (PARTITION BY ods_code, level ORDER BY piece_from)
),

runs AS (
    SELECT *, count(*) FILTER (is_new) OVER (PARTITION BY ods_code, level ORDER BY piece_from) AS run
    FROM chosen
),

joined AS (
    SELECT
        ods_code, level, min(piece_from) AS valid_from, max(piece_to) AS valid_to,
        any_value(parent_code) AS parent_code, any_value(rel_id) AS rel_id,
        any_value(unique_rel_id) AS unique_rel_id, any_value(is_ambiguous) AS is_ambiguous
    FROM runs
    GROUP BY ods_code, level, run
)

SELECT * REPLACE (nullif(valid_to, DATE 'infinity') AS valid_to)
FROM (
    FROM joined
    UNION ALL BY NAME
    SELECT * EXCLUDE (preference) FROM alone
)
