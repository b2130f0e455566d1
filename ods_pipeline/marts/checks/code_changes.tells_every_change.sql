-- events
-- By the versions themselves: every version that follows another one of its code has an event on its day, and the
-- content of the first release is not an event.
WITH versions AS (
    SELECT
        ods_code,
        known_from,
        lag(known_from) OVER (PARTITION BY ods_code ORDER BY known_from) AS known_before
    FROM history.organisations
),

changed AS (
    FROM versions
    WHERE known_before IS NOT NULL
)

SELECT
    'version without an event' AS problem,
    ods_code AS label
FROM changed AS v
ANTI JOIN mart AS e ON e.ods_code = v.ods_code AND e.detected_on = v.known_from
UNION ALL
SELECT
    'created by the first release',
    ods_code
FROM mart
WHERE change_kind = 'created' AND field IS NULL
    AND detected_on <= (SELECT min(as_of) FROM ord.captures WHERE kind = 'full')
UNION ALL
SELECT
    'of a day or capture that is not held',
    ods_code
FROM mart
WHERE (capture_id, detected_on) NOT IN (SELECT (capture_id, as_of) FROM ord.captures)
