-- steps of the hierarchy
-- Each step is that of its row of provider_hierarchy, and there are as many as in all its rows.
SELECT
    'other than in its row' AS problem,
    m.ods_code || ' from ' || m.valid_from || ', step ' || m.step AS label
FROM mart AS m
ANTI JOIN marts.provider_hierarchy AS h
    ON h.ods_code = m.ods_code AND h.valid_from = m.valid_from
    AND h.via[m.step].unique_rel_id = m.unique_rel_id
UNION ALL
SELECT
    'missing',
    (expected - steps) || ' of ' || expected
FROM (
    SELECT
        (SELECT count(*) FROM mart) AS steps,
        (SELECT coalesce(sum(len(via)), 0) FROM marts.provider_hierarchy) AS expected
)
WHERE steps <> expected
