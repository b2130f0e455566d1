SELECT
    p.region_code,
    r.name AS region_name,
    p.icb_code,
    i.name AS icb_name,
    count(*) AS organisations,
    count(*) FILTER (s.kind = 'gp_practice') AS gp_practices,
    count(*) FILTER (s.kind = 'pcn') AS pcns,
    count(*) FILTER (s.kind = 'pharmacy') AS pharmacies,
    count(*) FILTER (s.kind = 'trust') AS trusts
FROM marts.organisation_parents AS p
JOIN marts.organisation_status AS s ON s.ods_code = p.ods_code AND s.openness IN ('open', 'closing')
JOIN marts.organisation_status AS i ON i.ods_code = p.icb_code
LEFT JOIN marts.organisation_status AS r ON r.ods_code = p.region_code
GROUP BY ALL
ORDER BY region_name NULLS LAST, icb_name, p.icb_code, p.region_code
