SELECT
    f.ods_code,
    f.name,
    f.kind,
    f.openness,
    f.explanation,
    f.address,
    f.postcode,
    f.hq_code,
    coalesce(p.icb_code, d.last_icb_code) AS icb_code,
    coalesce(p.region_code, i.region_code) AS region_code,
    f.replaced_by,
    f.candidate_codes,
    f.name_key,
    f.postcode_key
FROM marts.code_finder AS f
LEFT JOIN marts.organisation_parents AS p ON p.ods_code = f.ods_code
LEFT JOIN marts.closed_codes AS d ON d.ods_code = f.ods_code AND d.openness = 'deleted'
LEFT JOIN marts.organisation_parents AS i ON i.ods_code = d.last_icb_code
ORDER BY
    array_position(['open', 'closing', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], f.openness),
    f.name,
    f.ods_code
