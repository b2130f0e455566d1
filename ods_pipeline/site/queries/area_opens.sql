SELECT
    f.opened_on,
    f.ods_code,
    f.name,
    f.kind,
    f.postcode,
    p.provider_code
FROM marts.code_finder AS f
JOIN marts.organisation_parents AS p ON p.ods_code = f.ods_code
WHERE $area IN (p.icb_code, p.region_code)
    AND f.opened_on > ods_today() - INTERVAL 12 MONTH
    AND f.opened_on <= ods_today()
ORDER BY f.opened_on DESC, f.ods_code
