-- codes and what followed them
-- Every code has its own row at 0 hops and an end, every succession has a row, at 1 hop once it has begun, and each
-- step of a path is a succession.
SELECT DISTINCT
    'without a row of its own' AS problem,
    c.ods_code AS label
FROM (
    SELECT ods_code FROM ord.organisations
    UNION ALL
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
    UNION ALL
    SELECT ods_code FROM ord.successions
    UNION ALL
    SELECT target_ods_code FROM ord.successions
) AS c
ANTI JOIN mart AS m ON m.old_code = c.ods_code AND m.hops = 0 AND m.new_code = m.old_code
WHERE c.ods_code IS NOT NULL
UNION ALL
SELECT
    'not at one hop',
    e.old_code || ' -> ' || e.new_code
FROM marts.succession_edges AS e
ANTI JOIN mart AS m
    ON m.old_code = e.old_code AND m.new_code = e.new_code AND (m.hops = 1 OR e.effective_on > ods_today())
UNION ALL
SELECT
    'without an end',
    old_code
FROM mart
GROUP BY old_code
HAVING NOT bool_or(is_terminal)
UNION ALL
SELECT
    'with a step that is not a succession',
    old_code || ' -> ' || new_code
FROM (
    SELECT
        old_code,
        new_code,
        path,
        unnest(range(1, hops + 1)) AS step
    FROM mart WHERE hops > 0
) AS m
ANTI JOIN marts.succession_edges AS e ON e.old_code = m.path[m.step] AND e.new_code = m.path[m.step + 1]
