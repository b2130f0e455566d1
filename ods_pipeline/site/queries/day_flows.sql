SELECT
    old_icb_code,
    old_icb_name,
    new_icb_code,
    new_icb_name,
    count(*) FILTER (kind = 'sub_icb') AS sub_icbs,
    count(*) FILTER (kind = 'trust') AS trusts,
    count(*) FILTER (kind = 'gp_practice') AS gp_practices
FROM marts.icb_changes
WHERE effective_on = $day
GROUP BY ALL
ORDER BY old_icb_name, old_icb_code, new_icb_name, new_icb_code
