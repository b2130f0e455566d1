SELECT
    f.closed_on,
    f.ods_code,
    f.name,
    f.kind,
    f.openness,
    f.postcode,
    f.replaced_by,
    f.candidate_codes
FROM marts.code_finder AS f
JOIN marts.organisation_parents AS p ON p.ods_code = f.ods_code
WHERE $area IN (p.icb_code, p.region_code)
    AND f.closed_on >= ods_today() - INTERVAL 12 MONTH
    AND f.closed_on < ods_today()
ORDER BY f.closed_on DESC, f.ods_code
