-- ods_equivalent_codes(code): a code itself, all codes before it and all after it, so that a series loses no year.
CREATE MACRO ods_equivalent_codes(code) AS TABLE
    SELECT
        e.direction,
        e.ods_code,
        s.name,
        s.kind,
        s.openness,
        e.hops,
        e.effective_on,
        e.path,
        e.is_split,
        e.source
    FROM (
        SELECT
            CASE WHEN hops = 0 THEN 'self' ELSE 'after' END AS direction,
            new_code AS ods_code,
            hops,
            effective_on,
            path,
            is_split,
            source
        FROM marts.code_crosswalk
        WHERE old_code = upper(trim(code))
        UNION ALL
        SELECT
            'before',
            old_code,
            hops,
            effective_on,
            path,
            is_split,
            source
        FROM marts.code_crosswalk
        WHERE new_code = upper(trim(code)) AND hops > 0
    ) AS e
    LEFT JOIN marts.organisation_status AS s ON s.ods_code = e.ods_code
    ORDER BY CASE e.direction WHEN 'before' THEN 1 WHEN 'self' THEN 2 ELSE 3 END, e.hops, e.ods_code;
