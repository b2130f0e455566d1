SELECT
    f.ods_code,
    f.name,
    c.new_icb_code IS NOT NULL AS changes_icb,
    c.old_icb_code,
    c.new_icb_code,
    g.easting,
    g.northing
FROM marts.code_finder AS f
JOIN geo.postcodes AS g ON g.postcode_key = f.postcode_key
LEFT JOIN marts.icb_changes AS c ON c.ods_code = f.ods_code AND c.effective_on = $day
WHERE f.kind = 'gp_practice' AND f.openness IN ('open', 'closing') AND g.easting IS NOT NULL
ORDER BY changes_icb DESC, f.ods_code
