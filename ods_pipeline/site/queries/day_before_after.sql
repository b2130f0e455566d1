SELECT
    coalesce(b.icb_code, a.icb_code) AS icb_code,
    n.name AS icb_name,
    coalesce(b.practices, 0) AS gp_practices_the_day_before,
    coalesce(a.practices, 0) AS gp_practices_on_the_day,
    coalesce(b.trusts, 0) AS trusts_the_day_before,
    coalesce(a.trusts, 0) AS trusts_on_the_day
FROM (
    SELECT
        icb_code,
        count(*) FILTER (kind = 'gp_practice') AS practices,
        count(*) FILTER (kind = 'trust') AS trusts
    FROM marts.provider_hierarchy
    WHERE valid_from < $day AND coalesce(valid_to >= $day, true) AND icb_code IS NOT NULL
    GROUP BY icb_code
) AS b
FULL JOIN (
    SELECT
        icb_code,
        count(*) FILTER (kind = 'gp_practice') AS practices,
        count(*) FILTER (kind = 'trust') AS trusts
    FROM marts.provider_hierarchy
    WHERE valid_from <= $day AND coalesce(valid_to > $day, true) AND icb_code IS NOT NULL
    GROUP BY icb_code
) AS a ON a.icb_code = b.icb_code
LEFT JOIN marts.organisation_status AS n ON n.ods_code = coalesce(b.icb_code, a.icb_code)
WHERE coalesce(b.practices, 0) <> coalesce(a.practices, 0) OR coalesce(b.trusts, 0) <> coalesce(a.trusts, 0)
ORDER BY icb_name, icb_code
