SELECT
    x.effective_on,
    x.old_code,
    o.name AS old_name,
    x.new_code,
    n.name AS new_name,
    x.is_split,
    x.is_merge,
    x.source
FROM marts.code_crosswalk AS x
JOIN marts.organisation_status AS o ON o.ods_code = x.old_code
JOIN marts.organisation_status AS n ON n.ods_code = x.new_code
WHERE x.hops > 0 AND $icb IN (x.old_code, x.new_code)
ORDER BY x.effective_on, x.old_code, x.new_code
