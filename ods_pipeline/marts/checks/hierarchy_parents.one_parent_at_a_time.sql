-- chosen parents
-- Intervals of an organisation and level do not overlap and lie within the edge they name. Whenever an edge holds, one
-- is chosen.
WITH ordered AS (
    SELECT
        *,
        lead(valid_from) OVER (PARTITION BY ods_code, level ORDER BY valid_from) AS next_from
    FROM mart
)

SELECT
    'overlap' AS problem,
    ods_code || ' ' || level AS label
FROM ordered
WHERE next_from < coalesce(valid_to, DATE 'infinity') OR valid_from >= valid_to
UNION ALL
-- A row may span two parts of one relationship, so its first and its last day are looked at.
SELECT
    'outside their edge',
    m.ods_code || ' ' || m.level
FROM mart AS m
ANTI JOIN marts.hierarchy_edges AS e
    ON e.unique_rel_id = m.unique_rel_id AND e.level = m.level AND e.parent_code = m.parent_code
    AND holds_on(e.valid_from, e.valid_to, m.valid_from)
UNION ALL
SELECT
    'outside their edge',
    m.ods_code || ' ' || m.level
FROM mart AS m
ANTI JOIN marts.hierarchy_edges AS e
    ON e.unique_rel_id = m.unique_rel_id AND e.level = m.level AND e.parent_code = m.parent_code
    AND e.valid_from < coalesce(m.valid_to, DATE 'infinity')
    AND coalesce(e.valid_to, DATE 'infinity') >= coalesce(m.valid_to, DATE 'infinity')
UNION ALL
SELECT
    'nothing chosen',
    e.ods_code || ' ' || e.level
FROM marts.hierarchy_edges AS e
ANTI JOIN mart AS m
    ON m.ods_code = e.ods_code AND m.level = e.level
    AND holds_on(m.valid_from, m.valid_to, e.valid_from)
WHERE e.preference IS NOT NULL AND e.parent_is_held AND e.valid_from < coalesce(e.valid_to, DATE 'infinity')
