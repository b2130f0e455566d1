-- ods_find(text): look an organisation up: ods_find('RRP'), ods_find('n10 9xd'), ods_find('maple house'). For a code
-- and a postcode, case and spaces do not matter. Of a name (at least three characters) all words must occur, in any
-- order, in full or in part; words after the eighth in full. Best matches come first: exact before partial, open before
-- closed. A postcode lists all organisations there, grouped by address, the open one first. If nothing matches, one row
-- gives the reason, and up to five codes follow that look the same or differ in one character (match_kind similar).
--
-- What costs time here is to prepare this text (twice for callers of connection.sql), and to read columns of all codes.
-- So the question is worked out once, macros that expand to much text are few, codes are searched in the two or three
-- columns needed, and the other columns are read for the matches only. No text is compared as a constant with a
-- column: where DuckDB 1.2 sees beforehand that nothing can be equal to it, it takes the whole answer to be empty.
-- The pattern goes through max, so that DuckDB cannot copy it to every use of words and prepare it there.
CREATE MACRO ods_find(entry) AS TABLE
    WITH question AS MATERIALIZED (
        SELECT
            code,
            key_form(code) AS form,
            others
        FROM (
            SELECT
                code_key(entry) AS code,
                others
            FROM (SELECT max(other_characters()) AS others)
        )
    ),

    by_code AS MATERIALIZED (
        SELECT
            'code' AS match_kind,
            0 AS nearness,
            f.ods_code
        FROM marts.code_finder AS f
        JOIN question AS a ON f.ods_code = a.code
    ),

    matches AS MATERIALIZED (
        FROM by_code
        UNION ALL
        SELECT
            'postcode',
            0,
            f.ods_code
        FROM marts.code_finder AS f
        JOIN question AS a ON f.postcode_key = a.code
        UNION ALL
        SELECT
            'name',
            nearness,
            ods_code
        FROM (
            SELECT
                f.ods_code,
                CASE
                    WHEN f.name_key = a.words THEN 0
                    WHEN starts_with(f.name_key, a.words || ' ') THEN 1
                    WHEN list_has_all(string_split(f.name_key, ' '), a.word) THEN 2
                    ELSE 3
                END AS nearness
            FROM marts.code_finder AS f
            JOIN (
                SELECT
                    code,
                    words,
                    string_split(words, ' ') AS word
                FROM (
                    SELECT
                        code,
                        words_between(entry, others) AS words
                    FROM question WHERE form <> 'postcode'
                )
                WHERE length(words) >= 3
            ) AS a
            -- The first word is searched in all names, the others only in names that have it.
                ON CASE
                    WHEN contains(f.name_key, a.word[1]) THEN
                        contains(f.name_key, coalesce(a.word[2], ''))
                        AND contains(f.name_key, coalesce(a.word[3], ''))
                        AND contains(f.name_key, coalesce(a.word[4], ''))
                        AND contains(f.name_key, coalesce(a.word[5], ''))
                        AND contains(f.name_key, coalesce(a.word[6], ''))
                        AND contains(f.name_key, coalesce(a.word[7], ''))
                        AND contains(f.name_key, coalesce(a.word[8], ''))
                        AND list_has_all(string_split(f.name_key, ' '), a.word[9:])
                        AND f.ods_code <> a.code
                END
        )
        -- Next to a code, parts of words are noise.
        WHERE nearness <= 2 OR NOT EXISTS (FROM by_code)
    ),

    missed AS MATERIALIZED (
        SELECT
            *,
            length(code) AS size,
            length(code) // 2 AS half,
            key_look(code) AS look,
            keys_before_spreadsheet(code, form) AS before
        FROM question
        WHERE NOT EXISTS (FROM matches)
    ),

    -- Codes that look the same, or differ in one character: added, left out, changed, or swapped with its neighbour. To
    -- compare every code fully is slow, so a cheap test comes first. One typo leaves the first or the second half as it
    -- is, unless it swaps the two characters where they meet. Codes that look the same differ in few characters. A code
    -- with characters other than letters and digits may look like any.
    one_typo_away AS (
        SELECT
            'similar' AS match_kind,
            (lookalike_key(f.ods_code) <> a.look AND NOT list_contains(a.before, f.ods_code))::INTEGER AS nearness,
            f.ods_code
        FROM marts.code_finder AS f
        JOIN (
            SELECT
                *,
                left(code, half) AS head,
                right(code, size - half) AS tail,
                left(code, half - 1) || code[half + 1] || code[half] || right(code, size - half - 1) AS swapped,
                translate(look, '01582', '_____') AS shape,
                before[1] AS before_1,
                before[2] AS before_2
            FROM missed
            WHERE form NOT IN ('blank', 'words')
        ) AS a
            ON CASE
                WHEN starts_with(f.ods_code, a.head) OR ends_with(f.ods_code, a.tail) OR f.ods_code = a.swapped
                    OR f.ods_code LIKE a.shape OR regexp_matches(f.ods_code, '[^A-Z0-9]')
                    OR f.ods_code = a.before_1 OR f.ods_code = a.before_2
                    THEN list_contains(a.before, f.ods_code)
                        OR lookalike_key(f.ods_code) = a.look
                        OR (
                            length(f.ods_code) BETWEEN a.size - 1 AND a.size + 1
                            AND damerau_levenshtein(f.ods_code, a.code) = 1
                        )
            END
    ),

    nothing AS (
        SELECT
            a.code AS ods_code,
            coalesce(
                'Its record was set aside because it breaks a rule: ' || q.rule,
                'Not held, though ' || t.pointed_at_by || ' relationships or successions point at it ('
                || t.example_ods_code || ' for one)',
                CASE
                    WHEN a.form = 'postcode' THEN 'No organisation is held at this postcode'
                    WHEN a.form = 'words' THEN 'No name has all these words'
                END,
                why_not_held(a.form, c.as_of)
            ) AS explanation
        FROM missed AS a
        CROSS JOIN (SELECT coalesce(max(as_of), ods_today()) AS as_of FROM ord.captures) AS c
        LEFT JOIN (SELECT
            ods_code,
            arg_max(rule, capture_id) AS rule
        FROM ord.quarantined_records GROUP BY ods_code) AS q
            ON q.ods_code = a.code
        LEFT JOIN ord.unresolved_targets AS t ON t.target_ods_code = a.code
    ),

    everything AS (
        SELECT
            m.match_kind,
            m.nearness,
            f.ods_code,
            f.name,
            f.kind,
            f.openness,
            f.opened_on,
            f.closed_on,
            f.replaced_by,
            f.candidate_codes,
            f.address,
            f.postcode,
            f.hq_code,
            f.hq_name,
            f.site_count,
            f.explanation,
            CASE WHEN m.match_kind = 'postcode' THEN coalesce(f.uprn::VARCHAR, f.address) END AS place
        FROM (
            FROM matches
            UNION ALL
            (
                FROM one_typo_away
                QUALIFY count(*) OVER (PARTITION BY nearness) <= 5 AND nearness = min(nearness) OVER ()
            )
        ) AS m
        JOIN marts.code_finder AS f ON f.ods_code = m.ods_code
        UNION ALL BY NAME
        SELECT
            'none' AS match_kind,
            0 AS nearness,
            ods_code,
            explanation
        FROM nothing
    )

    SELECT
        match_kind,
        ods_code,
        name,
        kind,
        openness,
        opened_on,
        closed_on,
        replaced_by,
        candidate_codes,
        address,
        postcode,
        hq_code,
        hq_name,
        site_count,
        explanation
    FROM everything
    ORDER BY
        array_position(['code', 'postcode', 'name', 'none', 'similar'], match_kind),
        nearness,
        min(array_position(['open', 'closing', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], openness))
            OVER (PARTITION BY match_kind, nearness, place),
        place,
        array_position(['open', 'closing', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], openness),
        name,
        ods_code;
