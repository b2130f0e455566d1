SELECT
    p.region_code,
    r.name AS region_name,
    count(*) AS open
FROM marts.organisation_status AS s
JOIN marts.organisation_parents AS p ON p.ods_code = s.ods_code
LEFT JOIN marts.organisation_status AS r ON r.ods_code = p.region_code
WHERE s.kind = $kind AND s.openness IN ('open', 'closing')
GROUP BY p.region_code, r.name
ORDER BY open DESC, region_name NULLS LAST, p.region_code
