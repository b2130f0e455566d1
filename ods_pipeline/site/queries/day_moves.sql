SELECT
    kind,
    ods_code,
    name,
    old_icb_code,
    old_icb_name,
    new_icb_code,
    new_icb_name
FROM marts.icb_changes
WHERE effective_on = $day
ORDER BY kind, old_icb_code, name, ods_code
