-- codes and what followed them
-- Every code has its own row at 0 hops, every edge a row at 1 hop, every code an end, and each step of a path is
-- a succession.
SELECT 'without a row of its own' AS problem, ods_code AS label
FROM (
    SELECT ods_code FROM ord.organisations
    UNION
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
    UNION
    SELECT ods_code FROM ord.successions
    UNION
    SELECT target_ods_code FROM ord.successions
)
WHERE ods_code NOT IN (SELECT old_code FROM mart WHERE hops = 0 AND new_code = old_code)
UNION ALL
SELECT 'not at one hop', old_code || ' -> ' || new_code
FROM (SELECT old_code, new_code FROM marts.succession_edges EXCEPT SELECT old_code, new_code FROM mart WHERE hops = 1)
UNION ALL
SELECT 'without an end', old_code
FROM mart
GROUP BY old_code
HAVING NOT bool_or(is_terminal)
UNION ALL
SELECT 'with a step that is none', old_code || ' -> ' || new_code
FROM (SELECT old_code, new_code, path, unnest(range(1, hops + 1)) AS step FROM mart WHERE hops > 0) AS m
ANTI JOIN marts.succession_edges AS e ON e.old_code = m.path[m.step] AND e.new_code = m.path[m.step + 1]
