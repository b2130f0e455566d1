SELECT
    pcn_code,
    pcn_name,
    count(*) AS practices
FROM marts.gp_practices
WHERE icb_code = $icb AND openness IN ('open', 'closing')
GROUP BY pcn_code, pcn_name
ORDER BY practices DESC, pcn_name NULLS LAST, pcn_code
