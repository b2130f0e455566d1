-- ods_current_codes(code): where a code has gone by today. Its last successors, or itself if nothing has followed yet.
CREATE MACRO ods_current_codes(code) AS TABLE
    SELECT
        w.new_code AS ods_code,
        s.name,
        s.kind,
        s.openness,
        w.hops,
        w.effective_on,
        w.path,
        w.is_split,
        w.source
    FROM marts.code_crosswalk AS w
    LEFT JOIN marts.organisation_status AS s ON s.ods_code = w.new_code
    WHERE w.old_code = upper(trim(code)) AND w.is_terminal
    ORDER BY w.new_code;
