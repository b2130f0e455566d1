SELECT
    p.ods_code,
    p.name,
    p.icb_code,
    e.parent_code AS linked_pcn_code,
    e.valid_from,
    e.parent_code = p.pcn_code AS counts
FROM marts.gp_practices AS p
JOIN marts.hierarchy_edges AS e ON e.ods_code = p.ods_code AND e.level = 'pcn'
WHERE p.is_ambiguous AND e.valid_from <= ods_today() AND coalesce(e.valid_to > ods_today(), true)
ORDER BY p.ods_code, e.valid_from, e.parent_code
