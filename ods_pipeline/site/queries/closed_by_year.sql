SELECT
    year(closed_on) AS year,
    count(*) AS closed,
    count(*) FILTER (successor_count > 0) AS with_successor
FROM marts.closed_codes
WHERE closed_on >= make_date(year(ods_today()) - 14, 1, 1) AND closed_on < ods_today()
GROUP BY year
ORDER BY year
