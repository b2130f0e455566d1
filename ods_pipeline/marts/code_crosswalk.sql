-- Where each code has gone: successions followed to the end, through splits and merges, step by step. A walk ends at a
-- code that it has met already. If there are several ways to a code, the shortest counts; among equally short ones,
-- the first in the order of their codes. A way that has begun comes before any with a step that is announced.

WITH RECURSIVE edges AS ( -- noqa: PRS
    SELECT
        old_code,
        new_code,
        effective_on,
        source = 'curated' AS is_curated,
        coalesce(effective_on <= ods_today(), true) AS has_begun,
        count(*) OVER (PARTITION BY old_code) > 1 AS is_split,
        count(*) OVER (PARTITION BY new_code) > 1 AS is_merge
    FROM marts.succession_edges
),

-- Codes that lead to an announced succession. Few do, and only these walk announced successions.
before_announced AS (
    SELECT old_code
    FROM edges
    WHERE NOT has_begun
    UNION
    SELECT e.old_code
    FROM before_announced AS a
    JOIN edges AS e ON e.new_code = a.old_code
),

-- Breadth first, one row for each pair: the first walk that reaches a code is a shortest one. Nothing is walked twice,
-- so a dense graph costs what its pairs cost, not what its ways do (64 codes in 8 layers have 19 million). A path is
-- text here, with a character between its codes that no code has and that sorts before all others. There are
-- two kinds of walks, each on its own: of what has begun, and of what is announced too (is_ahead).
walks USING KEY (old_code, new_code, is_ahead) AS (
    SELECT
        old_code,
        new_code,
        is_ahead,
        1 AS hops,
        effective_on,
        old_code || chr(1) || new_code AS path,
        is_split,
        is_merge,
        is_curated
    FROM (
        SELECT
            *,
            false AS is_ahead
        FROM edges
        WHERE has_begun
        UNION ALL
        SELECT
            *,
            true
        FROM edges
        SEMI JOIN before_announced USING (old_code)
    )
    UNION
    SELECT
        old_code,
        new_code,
        is_ahead,
        step.hops,
        step.effective_on,
        step.path,
        step.is_split,
        step.is_merge,
        step.is_curated
    FROM (
        SELECT
            w.old_code,
            e.new_code,
            w.is_ahead,
            arg_min(
                {
                    'hops': w.hops + 1,
                    'effective_on': greatest(w.effective_on, e.effective_on),
                    'path': w.path || chr(1) || e.new_code,
                    'is_split': w.is_split OR e.is_split,
                    'is_merge': w.is_merge OR e.is_merge,
                    'is_curated': w.is_curated OR e.is_curated
                }, w.path
            ) AS step
        FROM walks AS w
        JOIN edges AS e
            ON e.old_code = w.new_code AND e.new_code <> w.old_code AND (e.has_begun OR w.is_ahead)
        ANTI JOIN recurring.walks AS r
            ON r.old_code = w.old_code AND r.new_code = e.new_code AND r.is_ahead = w.is_ahead
        GROUP BY w.old_code, e.new_code, w.is_ahead
    )
),

begun AS (
    FROM walks
    WHERE NOT is_ahead
),

shortest AS MATERIALIZED (
    SELECT
        * EXCLUDE (is_ahead) REPLACE (string_split(path, chr(1)) AS path),
        NOT is_ahead AS has_begun
    FROM (
        FROM begun
        UNION ALL
        FROM walks AS a
        ANTI JOIN begun AS b ON b.old_code = a.old_code AND b.new_code = a.new_code
        WHERE a.is_ahead
    )
),

codes AS (
    SELECT ods_code FROM marts.organisation_status
    UNION
    SELECT old_code FROM marts.succession_edges
    UNION
    SELECT new_code FROM marts.succession_edges
),

rows AS (
    FROM shortest
    UNION ALL
    SELECT
        ods_code,
        ods_code,
        0,
        NULL,
        [ods_code],
        false,
        false,
        false,
        true
    FROM codes
),

-- Codes that some other code followed for good; what is announced has not followed yet. In a circle each code follows
-- the other: none is the last, and all count as terminal.
followed AS (
    SELECT DISTINCT forth.old_code AS code
    FROM begun AS forth
    ANTI JOIN begun AS back ON back.old_code = forth.new_code AND back.new_code = forth.old_code
)

SELECT
    r.old_code,
    r.new_code,
    r.hops,
    r.effective_on,
    r.path,
    r.is_split,
    r.is_merge,
    f.code IS NULL AND r.has_begun AS is_terminal,
    coalesce(s.openness IN ('open', 'closing'), false) AS new_is_open,
    CASE WHEN r.is_curated THEN 'curated' ELSE 'ods' END AS source
FROM rows AS r
LEFT JOIN followed AS f ON f.code = r.new_code
LEFT JOIN marts.organisation_status AS s ON s.ods_code = r.new_code
