SELECT
    effective_on,
    CASE WHEN new_icb_code = $icb THEN 'in' ELSE 'out' END AS direction,
    kind,
    ods_code,
    name,
    old_icb_code,
    new_icb_code,
    is_scheduled
FROM marts.icb_changes
WHERE $icb IN (old_icb_code, new_icb_code)
ORDER BY effective_on DESC, direction, kind, name, ods_code
