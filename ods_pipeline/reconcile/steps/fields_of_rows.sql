-- Whether a row belongs in the report: its code is held, is there once, and is of a kind that the report lists; and
-- what the report lacks.
-- In: sides, lacks, $organisations, $role_ids, $settled, $fields. Out: fields (see outcomes.sql).

-- A row may be there once: for its code, or for its code, its parent and its days.
WITH repeated AS (
    SELECT
        line,
        code,
        min(line)
            OVER (PARTITION BY code, CASE WHEN NOT $organisations THEN (parent, joined_day, left_day) END)
            AS first_line
    FROM sides
    WHERE code IS NOT NULL
)

SELECT
    line,
    code,
    'code' AS field,
    code AS there,
    CASE WHEN is_held THEN code END AS here,
    CASE WHEN is_held THEN 0 WHEN deleted_on IS NOT NULL THEN 14 END AS rule,
    coalesce(
        CASE WHEN $organisations THEN opened_day ELSE joined_day END > $settled,
        NOT list_contains($fields, CASE WHEN $organisations THEN 'opened' ELSE 'joined' END)
    ) AS is_recent,
    last_change_date
FROM sides
UNION ALL
SELECT
    line,
    code,
    'repeated',
    'also on line ' || first_line,
    NULL,
    NULL,
    false,
    NULL
FROM repeated
WHERE line > first_line
UNION ALL
-- An organisation of another kind than the report lists: another report under this one's name, or a wrong row.
SELECT
    line,
    code,
    'role',
    array_to_string($role_ids, ' or '),
    primary_role_id,
    NULL,
    false,
    NULL
FROM sides
WHERE
    is_held
    AND $organisations
    AND len($role_ids) > 0
    AND NOT list_contains($role_ids, primary_role_id)
    AND NOT EXISTS (
        SELECT 1
        FROM ord.roles AS k
        WHERE k.ods_code = code AND list_contains($role_ids, k.role_id)
    )
UNION ALL
SELECT
    line,
    code,
    'setting',
    setting,
    CASE WHEN is_practice THEN '4' WHEN was_practice THEN '4 until it closed' ELSE 'not 4' END,
    CASE
        WHEN setting = '4' AND was_practice THEN 0
        WHEN setting <> '4' AND NOT is_practice THEN 0
    END,
    true,
    last_change_date
FROM sides
WHERE is_held AND setting IS NOT NULL AND list_contains($fields, 'setting')
UNION ALL
-- What the report lacks. Nothing leaves a report with time, so none of it is recent.
SELECT
    NULL,
    code,
    'missing',
    NULL,
    here,
    rule,
    false,
    last_change_date
FROM lacks
