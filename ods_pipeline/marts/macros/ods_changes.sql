-- ods_changes(from, to): the events of code_changes detected from one day to another, both days inclusive, with the
-- current name of the code, or its last. No day has a default: DuckDB 1.2 and 1.3 would take it by its name only.
CREATE MACRO ods_changes(from_day, to_day) AS TABLE
    SELECT
        c.ods_code,
        names.name,
        c.* EXCLUDE (ods_code, change_id),
        c.change_id
    FROM marts.code_changes AS c
    LEFT JOIN (
        SELECT
            ods_code,
            arg_max(name, known_from) AS name
        FROM history.organisations
        GROUP BY ods_code
    ) AS names ON names.ods_code = c.ods_code
    WHERE c.detected_on BETWEEN from_day::DATE AND to_day::DATE
    ORDER BY c.change_id;
