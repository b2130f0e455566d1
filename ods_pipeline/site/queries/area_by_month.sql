SELECT
    e.month,
    count(*) FILTER (e.what = 'opened') AS opened,
    count(*) FILTER (e.what = 'closed') AS closed
FROM (
    SELECT
        ods_code,
        'opened' AS what,
        date_trunc('month', opens_on)::DATE AS month
    FROM marts.organisation_status
    WHERE openness <> 'deleted' AND opens_on <= ods_today()
    UNION ALL
    SELECT
        ods_code,
        'closed',
        date_trunc('month', closes_on + 1)::DATE
    FROM marts.organisation_status
    WHERE openness <> 'deleted' AND closes_on < ods_today()
) AS e
JOIN marts.organisation_parents AS p ON p.ods_code = e.ods_code
WHERE $area IN (p.icb_code, p.region_code) AND e.month > date_trunc('month', ods_today()) - INTERVAL 24 MONTH
GROUP BY e.month
ORDER BY e.month
