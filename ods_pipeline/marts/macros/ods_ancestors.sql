-- ods_ancestors(code, day): all organisations above a code on a day, the nearest first.
CREATE MACRO ods_ancestors(code, on_day) AS TABLE
    SELECT
        c.depth,
        c.ancestor_code AS ods_code,
        s.name,
        s.kind,
        c.valid_from,
        c.valid_to
    FROM marts.hierarchy_closure AS c
    LEFT JOIN marts.organisation_status AS s ON s.ods_code = c.ancestor_code
    WHERE c.descendant_code = upper(trim(code))
        AND holds_on(c.valid_from, c.valid_to, on_day::DATE)
    ORDER BY c.depth, c.ancestor_code;
