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
ORDER BY c.detected_on DESC, c.change_id
