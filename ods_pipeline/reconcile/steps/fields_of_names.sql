-- The names that a report has.
-- In: sides, $first_day, $last_day, $fields. Out: fields (see outcomes.sql).

-- Names that were in force on some day of the report, and not over by then.
WITH former_names AS (
    SELECT DISTINCT
        ods_code,
        name
    FROM history.organisations
    WHERE known_from <= $last_day AND coalesce(known_to, DATE 'infinity') > $first_day
),

-- Names of organisations, compared alike: of the row's own, of its parent, and of the sub-ICB locations of both.
names AS (
    SELECT
        line,
        code,
        'name' AS field,
        code AS named,
        name AS there,
        here_name AS here,
        last_change_date
    FROM sides
    WHERE is_held AND list_contains($fields, 'name')
    UNION ALL
    SELECT
        line,
        code,
        'parent_name',
        parent,
        parent_name,
        here_parent_name,
        last_change_date
    FROM sides
    WHERE is_held AND parent IS NOT NULL AND list_contains($fields, 'parent_name')
    UNION ALL
    SELECT
        line,
        code,
        'sub_icb_name',
        sub_icb,
        sub_icb_name,
        here_sub_icb_name,
        last_change_date
    FROM sides
    WHERE is_held AND sub_icb IS NOT NULL AND list_contains($fields, 'sub_icb_name')
    UNION ALL
    SELECT
        line,
        code,
        'parent_sub_icb_name',
        parent_sub_icb,
        parent_sub_icb_name,
        here_parent_sub_icb_name,
        last_change_date
    FROM sides
    WHERE is_held AND parent_sub_icb IS NOT NULL AND list_contains($fields, 'parent_sub_icb_name')
)

SELECT
    n.line,
    n.code,
    n.field,
    n.there,
    n.here,
    CASE
        WHEN n.there = n.here THEN 0
        WHEN n.there IS NULL THEN 15
        WHEN f.name IS NOT NULL THEN 18
        WHEN letters(n.there) = letters(n.here) THEN 7
        WHEN length(n.there) >= 35 AND starts_with(letters(n.here), letters(n.there)) THEN 6
    END AS rule,
    true AS is_recent,
    n.last_change_date
FROM names AS n
LEFT JOIN former_names AS f ON f.ods_code = n.named AND f.name = n.there
