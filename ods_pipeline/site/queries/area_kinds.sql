SELECT
    s.kind,
    count(*) FILTER (s.openness = 'open') AS open,
    count(*) FILTER (s.openness = 'closing') AS closing,
    count(*) FILTER (s.openness = 'not_yet_open') AS not_yet_open,
    count(*) FILTER (s.openness = 'legally_closed') AS legally_closed,
    count(*) FILTER (s.openness = 'closed') AS closed
FROM marts.organisation_parents AS p
JOIN marts.organisation_status AS s ON s.ods_code = p.ods_code
WHERE $area IN (p.icb_code, p.region_code)
GROUP BY s.kind
ORDER BY open DESC, s.kind
