-- steps of the hierarchy
-- Each row of provider_hierarchy has as many steps as its list, and the last one is the same.
SELECT
    'with other steps' AS problem,
    h.ods_code || ' from ' || h.valid_from AS label
FROM marts.provider_hierarchy AS h
LEFT JOIN (
    SELECT
        ods_code,
        valid_from,
        count(*) AS steps,
        arg_max(unique_rel_id, step) AS last_id
    FROM mart
    GROUP BY ods_code, valid_from
) AS m ON m.ods_code = h.ods_code AND m.valid_from = h.valid_from
WHERE coalesce(m.steps, 0) <> len(h.via) OR m.last_id IS DISTINCT FROM h.via[-1].unique_rel_id
UNION ALL
SELECT
    'of no row',
    m.ods_code || ' from ' || m.valid_from
FROM mart AS m
ANTI JOIN marts.provider_hierarchy AS h ON h.ods_code = m.ods_code AND h.valid_from = m.valid_from
