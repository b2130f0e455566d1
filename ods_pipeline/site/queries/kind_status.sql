SELECT
    openness,
    count(*) AS codes
FROM marts.organisation_status
WHERE kind = $kind
GROUP BY openness
ORDER BY codes DESC, openness
