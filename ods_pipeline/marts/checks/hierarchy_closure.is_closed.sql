-- ancestors and descendants
-- Intervals of a pair do not overlap; every chosen parent is an ancestor all its time; and the ancestors of an ancestor
-- are ancestors too, on the first day of each row, except those of the place of a commissioning hub.
WITH ordered AS (
    SELECT
        *,
        lead(valid_from) OVER (PARTITION BY descendant_code, ancestor_code ORDER BY valid_from) AS next_from
    FROM mart
)

SELECT
    'overlapping, or their own ancestor' AS problem,
    descendant_code || ' under ' || ancestor_code AS label
FROM ordered
WHERE next_from < coalesce(valid_to, DATE 'infinity') OR valid_from >= valid_to OR descendant_code = ancestor_code
UNION ALL
SELECT
    'with a parent that is missing',
    p.ods_code || ' under ' || p.parent_code
FROM marts.hierarchy_parents AS p
ANTI JOIN mart AS m
    ON m.descendant_code = p.ods_code AND m.ancestor_code = p.parent_code AND m.depth = 1
    AND m.valid_from <= p.valid_from AND coalesce(m.valid_to >= p.valid_to, m.valid_to IS NULL)
UNION ALL
SELECT
    'with an ancestor that is missing',
    m.descendant_code || ' under ' || p.parent_code
FROM mart AS m
JOIN marts.hierarchy_parents AS p
    ON p.ods_code = m.ancestor_code AND holds_on(p.valid_from, p.valid_to, m.valid_from)
ANTI JOIN mart AS up
    ON up.descendant_code = m.descendant_code AND up.ancestor_code = p.parent_code
    AND holds_on(up.valid_from, up.valid_to, m.valid_from)
WHERE p.parent_code <> m.descendant_code
    AND NOT (
        p.level IN ('partner_icb', 'geography_icb', 'area')
        AND p.ods_code IN (SELECT ods_code FROM marts.organisation_kinds WHERE kind = 'commissioning_hub')
    )
