SELECT
    e.year,
    count(*) FILTER (e.what = 'opened') AS opened,
    count(*) FILTER (e.what = 'closed') AS closed
FROM (
    SELECT
        'opened' AS what,
        year(opens_on) AS year
    FROM marts.organisation_status
    WHERE kind = $kind AND openness <> 'deleted' AND opens_on <= ods_today()
    UNION ALL
    SELECT
        'closed',
        year(closes_on + 1)
    FROM marts.organisation_status
    WHERE kind = $kind AND openness <> 'deleted' AND closes_on < ods_today()
) AS e
WHERE e.year > year(ods_today()) - 15
GROUP BY e.year
ORDER BY e.year
