SELECT
    effective_on,
    any_value(is_scheduled) AS is_scheduled,
    count(*) AS moves,
    count(*) FILTER (kind = 'sub_icb') AS sub_icbs,
    count(*) FILTER (kind = 'trust') AS trusts,
    count(*) FILTER (kind = 'gp_practice') AS gp_practices,
    count(DISTINCT old_icb_code) AS old_icbs,
    count(DISTINCT new_icb_code) AS new_icbs
FROM marts.icb_changes
GROUP BY effective_on
ORDER BY effective_on DESC
