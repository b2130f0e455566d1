SELECT
    n.valid_from AS effective_on,
    n.practice_code,
    n.practice_name,
    o.pcn_code AS old_pcn_code,
    o.pcn_name AS old_pcn_name,
    n.pcn_code AS new_pcn_code,
    n.pcn_name AS new_pcn_name
FROM marts.pcn_membership AS n
JOIN marts.pcn_membership AS o ON o.practice_code = n.practice_code AND o.valid_to = n.valid_from
JOIN marts.organisation_parents AS p ON p.ods_code = n.practice_code
WHERE p.icb_code = $icb AND o.pcn_code <> n.pcn_code
    AND n.valid_from > ods_today() - INTERVAL 24 MONTH
ORDER BY n.valid_from DESC, n.practice_code
