SELECT
    kind,
    count(*) AS codes,
    count(*) FILTER (openness = 'closed') AS closed,
    count(*) FILTER (openness = 'legally_closed') AS legally_closed,
    count(*) FILTER (openness = 'deleted') AS deleted,
    count(*) FILTER (successor_count > 0) AS with_successor,
    count(*) FILTER (successor_count = 0 AND len(candidate_codes) > 0) AS with_candidate_only,
    count(*) FILTER (successor_count = 0 AND len(candidate_codes) = 0) AS with_neither
FROM marts.closed_codes
GROUP BY kind
ORDER BY codes DESC, kind
