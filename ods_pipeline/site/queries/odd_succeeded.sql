SELECT
    s.ods_code,
    s.name,
    s.kind,
    s.openness,
    s.succeeded_on,
    f.replaced_by
FROM marts.organisation_status AS s
JOIN marts.code_finder AS f ON f.ods_code = s.ods_code
WHERE s.succeeded_on IS NOT NULL
ORDER BY s.succeeded_on DESC, s.ods_code
