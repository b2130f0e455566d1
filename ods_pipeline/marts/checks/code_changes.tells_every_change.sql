-- events
-- By the versions themselves: a version whose name, place or dates differ from those of the version right before it has
-- an event on its day, and the content of the first release is no event.
WITH versions AS (
    SELECT
        ods_code,
        known_from,
        gone_by,
        [name, postcode, primary_role_id, operational_start::VARCHAR, operational_end::VARCHAR, legal_end::VARCHAR]
            AS content,
        lag(content) OVER code AS content_before,
        lag(gone_by) OVER code AS gone_by_before
    FROM history.organisations
    WINDOW code AS (PARTITION BY ods_code ORDER BY known_from)
),

changed AS (
    SELECT
        ods_code,
        known_from
    FROM versions
    WHERE content_before IS NOT NULL AND (gone_by_before IS NOT NULL OR content IS DISTINCT FROM content_before)
)

SELECT
    'version without an event' AS problem,
    ods_code AS label
FROM changed
WHERE (ods_code, known_from) NOT IN (SELECT (ods_code, detected_on) FROM mart)
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
