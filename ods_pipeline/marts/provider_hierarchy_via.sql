-- The steps in via of provider_hierarchy, one row per step: for tools that cannot read lists.

SELECT
    ods_code,
    valid_from,
    generate_subscripts(via, 1) AS step,
    unnest(via, recursive := true)
FROM marts.provider_hierarchy
