SELECT
    c.ods_code,
    c.name,
    c.openness,
    c.icb_basis,
    c.postcode,
    count(s.site_code) AS open_sites
FROM marts.provider_hierarchy_current AS c
LEFT JOIN marts.trust_sites AS s ON s.trust_code = c.ods_code AND s.openness IN ('open', 'closing')
WHERE c.icb_code = $icb AND c.kind = 'trust'
GROUP BY ALL
ORDER BY c.name, c.ods_code
