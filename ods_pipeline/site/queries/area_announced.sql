SELECT
    a.effective_on,
    a.what,
    a.ods_code,
    f.name,
    f.kind,
    a.from_code,
    a.to_code
FROM (
    SELECT
        opened_on AS effective_on,
        'opens' AS what,
        ods_code,
        NULL AS from_code,
        NULL AS to_code
    FROM marts.code_finder
    WHERE opened_on > ods_today() AND openness <> 'deleted'
    UNION ALL
    SELECT
        closed_on + 1,
        'closes',
        ods_code,
        NULL,
        NULL
    FROM marts.code_finder
    WHERE closed_on >= ods_today() AND openness <> 'deleted'
    UNION ALL
    SELECT
        n.valid_from,
        unnest(['moves to another ICB', 'moves to another PCN']),
        n.ods_code,
        unnest([o.icb_code, o.pcn_code]),
        unnest([n.icb_code, n.pcn_code])
    FROM marts.provider_hierarchy AS n
    JOIN marts.provider_hierarchy AS o ON o.ods_code = n.ods_code AND o.valid_to = n.valid_from
    WHERE n.valid_from > ods_today() AND o.valid_to > ods_today()
) AS a
JOIN marts.code_finder AS f ON f.ods_code = a.ods_code
LEFT JOIN marts.organisation_parents AS p ON p.ods_code = a.ods_code
WHERE $area IN (p.icb_code, p.region_code, a.from_code, a.to_code)
    AND (a.what IN ('opens', 'closes') OR a.from_code IS DISTINCT FROM a.to_code)
ORDER BY a.effective_on, a.what, a.ods_code
