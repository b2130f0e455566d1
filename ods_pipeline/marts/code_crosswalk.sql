-- Where each code has gone: successions followed to the end, through splits and merges, step by step. A walk ends at a
-- code that it has met already. Of several ways to a code the shortest counts; of equally short ones, the first in the
-- order of their codes.

WITH RECURSIVE edges AS (
    SELECT
        old_code,
        new_code,
        effective_on,
        source = 'curated' AS is_curated,
        count(*) OVER (PARTITION BY old_code) > 1 AS is_split,
        count(*) OVER (PARTITION BY new_code) > 1 AS is_merge
    FROM marts.succession_edges
),

walk AS (
    SELECT
        old_code,
        new_code,
        1 AS hops,
        effective_on,
        [old_code, new_code] AS path,
        is_split,
        is_merge,
        is_curated
    FROM edges
    UNION ALL
    SELECT
        w.old_code,
        e.new_code,
        w.hops + 1,
        greatest(w.effective_on, e.effective_on),
        list_append(w.path, e.new_code),
        w.is_split OR e.is_split,
        w.is_merge OR e.is_merge,
        w.is_curated OR e.is_curated
    FROM walk AS w
    JOIN edges AS e ON e.old_code = w.new_code
    WHERE NOT list_contains(w.path, e.new_code)
),

shortest AS (
    FROM walk
    QUALIFY row_number() OVER (PARTITION BY old_code, new_code ORDER BY hops, path) = 1
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
        false
    FROM codes
),

-- Codes that some other code followed for good. In a circle each code follows the other: none is the last, and all
-- count as terminal.
followed AS (
    SELECT DISTINCT forth.old_code AS code
    FROM shortest AS forth
    ANTI JOIN shortest AS back ON back.old_code = forth.new_code AND back.new_code = forth.old_code
)

SELECT
    r.old_code,
    r.new_code,
    r.hops,
    r.effective_on,
    r.path,
    r.is_split,
    r.is_merge,
    f.code IS NULL AS is_terminal,
    coalesce(s.openness IN ('open', 'closing'), false) AS new_is_open,
    CASE WHEN r.is_curated THEN 'curated' ELSE 'ods' END AS source
FROM rows AS r
LEFT JOIN followed AS f ON f.code = r.new_code
LEFT JOIN marts.organisation_status AS s ON s.ods_code = r.new_code
