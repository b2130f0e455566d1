-- The parent that a row has, the days of the link to it, and the provider.
-- In: sides, $first_day, $last_day, $settled, $parent_rel, $fields. Out: fields (see outcomes.sql).

SELECT
    line,
    code,
    'parent' AS field,
    parent AS there,
    here_parent AS here,
    CASE
        WHEN parent = here_parent THEN 0
        WHEN parent IS NULL AND here_parent IS NULL THEN 0
        WHEN parent IS NULL AND ends < $first_day THEN 0
        WHEN parent IS NULL THEN 15
        WHEN EXISTS (
                FROM ord.relationships AS k
                WHERE k.ods_code = code AND k.target_ods_code = parent AND k.rel_id <> $parent_rel
            ) THEN 17
    END AS rule,
    coalesce(joined_day > $settled, joined IS NULL) AS is_recent,
    last_change_date
FROM sides
WHERE is_held AND list_contains($fields, 'parent')
UNION ALL
SELECT
    line,
    code,
    'joined',
    coalesce(joined_day::VARCHAR, joined),
    starts::VARCHAR,
    CASE
        WHEN joined_day = starts THEN 0
        WHEN joined_day = link_legal_start THEN 1
        WHEN joined_day = provider_starts AND provider = here_provider THEN 19
        WHEN joined IS NULL THEN 15
    END,
    coalesce(joined_day > $settled, false),
    last_change_date
FROM sides
WHERE is_held AND parent = here_parent AND list_contains($fields, 'joined')
UNION ALL
SELECT
    line,
    code,
    'left',
    coalesce(left_day::VARCHAR, "left"),
    ends::VARCHAR,
    CASE
        WHEN left_day = ends THEN 0
        WHEN "left" IS NULL AND ends IS NULL THEN 0
        WHEN left_day = link_legal_end THEN 1
        WHEN left_day = provider_ends AND provider = here_provider THEN 19
        WHEN "left" IS NULL AND ends >= $first_day THEN 2
        WHEN "left" IS NULL AND ends IN (closes, operational_end) THEN 12
        WHEN ends IS NULL AND left_day IN (closes, operational_end) THEN 12
    END,
    coalesce(CASE WHEN "left" IS NULL THEN ends ELSE left_day END > $settled, false),
    last_change_date
FROM sides
WHERE is_held AND parent = here_parent AND list_contains($fields, 'left')
UNION ALL
SELECT
    line,
    code,
    'provider',
    provider,
    here_provider,
    CASE
        WHEN provider = here_provider THEN 0
        WHEN provider = parent AND $last_day < DATE '2021-01-01' THEN 11
    END,
    true,
    last_change_date
FROM sides
WHERE is_held AND provider IS NOT NULL AND list_contains($fields, 'provider')
