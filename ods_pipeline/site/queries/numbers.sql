SELECT
    kind,
    count(*) AS codes,
    count(*) FILTER (openness = 'open') AS open,
    count(*) FILTER (openness = 'closing') AS closing,
    count(*) FILTER (openness = 'not_yet_open') AS not_yet_open,
    count(*) FILTER (openness = 'legally_closed') AS legally_closed,
    count(*) FILTER (openness = 'closed') AS closed,
    count(*) FILTER (openness = 'deleted') AS deleted
FROM marts.organisation_status
GROUP BY kind
ORDER BY open DESC, codes DESC, kind
