-- ods_as_known(day): the register as its readers saw it on a day, one row per code. A day before the first release held
-- is an error, because what was overwritten before then is not known. Names of primary roles are those of today.
-- known_to is null for the version that is current.
CREATE MACRO ods_as_known(on_day) AS TABLE
    SELECT
        v.ods_code,
        v.name,
        v.record_class,
        v.status,
        v.ref_only,
        v.primary_role_id,
        c.display_name AS primary_role_name,
        v.legal_start,
        v.legal_end,
        v.operational_start,
        v.operational_end,
        v.stamped_on,
        v.address_line_1,
        v.address_line_2,
        v.address_line_3,
        v.town,
        v.county,
        v.postcode,
        v.country,
        v.uprn,
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
