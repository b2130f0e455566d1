SELECT * EXCLUDE (kind)
FROM marts.coverage
WHERE kind = $kind
ORDER BY level
