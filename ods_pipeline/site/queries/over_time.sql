SELECT
    s.kind,
    y.year,
    count(*) AS open
FROM marts.organisation_status AS s
JOIN (
    SELECT unnest(range(year(ods_today()) - 14, year(ods_today()) + 1)) AS year
) AS y
    ON s.opens_on <= make_date(y.year, 4, 1)
    AND (s.openness IN ('open', 'closing') OR s.closes_on >= make_date(y.year, 4, 1))
    AND (s.closes_on IS NULL OR s.closes_on >= make_date(y.year, 4, 1))
WHERE s.openness <> 'deleted' AND make_date(y.year, 4, 1) <= ods_today()
GROUP BY s.kind, y.year
ORDER BY s.kind, y.year
