SELECT
    pcn_code,
    pcn_name,
    ods_code,
    name,
    openness,
    sub_icb_code,
    postcode,
    is_ambiguous
FROM marts.gp_practices
WHERE icb_code = $icb AND openness IN ('open', 'closing', 'not_yet_open')
ORDER BY pcn_name NULLS LAST, pcn_code, name, ods_code
