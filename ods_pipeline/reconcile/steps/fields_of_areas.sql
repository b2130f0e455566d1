-- Region, ICB and sub-ICB locations, of the organisation and of its parent.
-- In: sides, $last_day, $fields. Out: fields (see outcomes.sql).

SELECT
    line,
    code,
    'region' AS field,
    region AS there,
    region_code AS here,
    CASE
        WHEN region = region_code THEN 0
        WHEN region = region_by_postcode THEN 3
        WHEN $last_day < DATE '2025-01-01' THEN 4
        WHEN region_code IS NULL AND region_by_postcode IS NULL THEN 10
    END AS rule,
    true AS is_recent,
    last_change_date
FROM sides
WHERE is_held AND region IS NOT NULL AND list_contains($fields, 'region')
UNION ALL
SELECT
    line,
    code,
    'icb',
    icb,
    icb_code,
    CASE
        WHEN icb = icb_code THEN 0
        WHEN icb = icb_by_postcode THEN 3
        WHEN $last_day < DATE '2025-01-01' THEN 4
        WHEN icb_code IS NULL AND icb_by_postcode IS NULL THEN 10
    END,
    true,
    last_change_date
FROM sides
WHERE is_held AND icb IS NOT NULL AND list_contains($fields, 'icb')
UNION ALL
SELECT
    line,
    code,
    'sub_icb',
    sub_icb,
    sub_icb_code,
    CASE
        WHEN sub_icb = sub_icb_code THEN 0
        WHEN sub_icb_code IS NULL THEN 10
    END,
    true,
    last_change_date
FROM sides
WHERE is_held AND sub_icb IS NOT NULL AND list_contains($fields, 'sub_icb')
UNION ALL
SELECT
    line,
    code,
    'parent_sub_icb',
    parent_sub_icb,
    parent_sub_icb_code,
    CASE
        WHEN parent_sub_icb = parent_sub_icb_code THEN 0
        WHEN parent_sub_icb_code IS NULL THEN 10
    END,
    true,
    last_change_date
FROM sides
WHERE is_held AND parent_sub_icb IS NOT NULL AND list_contains($fields, 'parent_sub_icb')
UNION ALL
SELECT
    line,
    code,
    'same_sub_icb',
    same_sub_icb,
    CASE sub_icb_code = parent_sub_icb_code WHEN true THEN 'yes' WHEN false THEN 'no' END,
    CASE
        WHEN is_yes(same_sub_icb) = (sub_icb_code = parent_sub_icb_code) THEN 0
        WHEN sub_icb_code IS NULL OR parent_sub_icb_code IS NULL THEN 10
    END,
    true,
    last_change_date
FROM sides
WHERE is_held AND same_sub_icb IS NOT NULL AND list_contains($fields, 'same_sub_icb')
