SELECT
    f.ods_code,
    f.name,
    f.kind,
    f.postcode,
    g.easting,
    g.northing
FROM marts.code_finder AS f
JOIN marts.organisation_parents AS p ON p.ods_code = f.ods_code
JOIN geo.postcodes AS g ON g.postcode_key = f.postcode_key
WHERE $area IN (p.icb_code, p.region_code)
    AND f.openness IN ('open', 'closing')
    AND f.kind IN ('gp_practice', 'branch_surgery', 'pharmacy', 'dental_practice', 'trust_site')
    AND g.easting IS NOT NULL
ORDER BY f.kind, f.ods_code
