SELECT
    o.ods_code,
    o.name,
    s.kind,
    o.status,
    o.legal_end,
    o.operational_end
FROM marts.organisation_status AS s
JOIN ord.organisations AS o ON o.ods_code = s.ods_code
WHERE s.openness = 'legally_closed'
ORDER BY o.legal_end DESC, o.ods_code
