-- ods_as_known(day): the register as its readers saw it on a day, one row per code: every column of a record, and the
-- days on which it was known. A day before the first release held is an error, because what was overwritten before
-- then is not known. Names of primary roles are those of today. known_to is null for the version that is current.
CREATE MACRO ods_as_known(on_day) AS TABLE
    SELECT
        v.* EXCLUDE (
            -- How the pipeline keeps a version, which readers of that day did not see.
            known_from, known_to, capture_id, last_capture_id, content_hash, is_unstamped, last_change_date,
            published_in, gone_by
        ),
        c.display_name AS primary_role_name,
        v.known_from,
        v.known_to,
        v.capture_id
    FROM (
        SELECT
            CASE
                WHEN on_day::DATE < first_release
                    THEN error(
                            'nothing is known of the register before ' || first_release::VARCHAR
                            || ', the day of the first release held: ask for that day or a later one'
                        )
                ELSE on_day::DATE
            END AS day
        FROM (SELECT min(as_of) AS first_release FROM ord.captures WHERE kind = 'full')
    ) AS question
    JOIN history.organisations AS v ON holds_on(v.known_from, v.known_to, question.day)
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRole' AND c.id = v.primary_role_id
    ORDER BY v.ods_code;
