SELECT
    c.detected_on,
    c.effective_on,
    c.change_kind,
    c.ods_code,
    s.name,
    s.kind,
    c.field,
    c.old_value,
    c.new_value,
    c.related_code,
    c.change_id
FROM marts.code_changes AS c
LEFT JOIN marts.organisation_status AS s ON s.ods_code = c.ods_code
LEFT JOIN marts.organisation_parents AS p ON p.ods_code = c.ods_code
LEFT JOIN marts.closed_codes AS d ON d.ods_code = c.ods_code
LEFT JOIN marts.organisation_parents AS i ON i.ods_code = d.last_icb_code
WHERE $area IN (coalesce(p.icb_code, d.last_icb_code), coalesce(p.region_code, i.region_code))
    OR (c.field = 'icb' AND $area IN (c.old_value, c.new_value))
ORDER BY c.detected_on DESC, c.change_id
