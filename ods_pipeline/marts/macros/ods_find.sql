-- Look a body up: ods_find('RRP'), ods_find('n10 9xd'), ods_find('maple house'). By code and by postcode, case and
-- spaces do not matter. Of a name (three signs at least) all words must be there, in any order, in full or in part;
-- whatever stands after the eighth word, in full. Best first: exact before partial, open before closed. At a
-- postcode everybody is listed; those at one address stand together, the open one first. If nothing is found, one
-- row says why, and up to five codes follow that look the same or are one sign away (match_kind similar).
--
-- What costs time here: to make ready this text (twice for those who call by connection.sql), and to read columns of all
-- codes. So what was asked is worked out once, words that stand for much text are few, codes are searched for in the
-- two or three columns needed, and the others are read for what was found. No text stands as a constant beside a
-- column: where DuckDB 1.2 sees beforehand that nothing can be equal to it, it takes the whole answer to be empty.
-- The pattern goes through max, so that DuckDB cannot put it wherever words are used and make it ready there.
CREATE MACRO ods_find(given) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT code, key_form(code) AS form, others
    FROM (SELECT code_key(given) AS code, others FROM (SELECT max(other_signs()) AS others))
),

by_code AS MATERIALIZED (
    SELECT 'code' AS match_kind, 0 AS nearness, f.ods_code
    FROM marts.code_finder AS f
    JOIN asked AS a ON f.ods_code = a.code
),

found AS MATERIALIZED (
    FROM by_code
    UNION ALL
    SELECT 'postcode', 0, f.ods_code
    FROM marts.code_finder AS f
    JOIN asked AS a ON f.postcode_key = a.code
    UNION ALL
    SELECT 'name', nearness, ods_code
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
            SELECT code, words, string_split(words, ' ') AS word
            FROM (SELECT code, words_between(given, others) AS words FROM asked WHERE form <> 'postcode')
            WHERE length(words) >= 3
        ) AS a
            -- The first word is looked for in all names, the others only where it is.
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
    -- Beside a code, parts of words are noise.
    WHERE nearness <= 2 OR NOT EXISTS (FROM by_code)
),

missed AS MATERIALIZED (
    SELECT
        *, length(code) AS signs, length(code) // 2 AS half, key_look(code) AS look,
        keys_before_spreadsheet(code, form) AS before
    FROM asked
    WHERE NOT EXISTS (FROM found)
),

-- Codes that look the same, or are one sign away: added, left out, swapped with its neighbour, another. A look at
-- every code is dear, so a cheap one comes first: one slip leaves the first or the second half as it is, unless it
-- swaps the two signs where they meet; codes that look the same differ in few signs; and a code that is not
-- written as codes are may look like any.
one_slip_away AS (
    SELECT
        'similar' AS match_kind,
        (lookalike_key(f.ods_code) <> a.look AND NOT list_contains(a.before, f.ods_code))::INTEGER AS nearness,
        f.ods_code
    FROM marts.code_finder AS f
    JOIN (
        SELECT
            *, left(code, half) AS head, right(code, signs - half) AS tail,
            left(code, half - 1) || code[half + 1] || code[half] || right(code, signs - half - 1) AS swapped,
            translate(look, '01582', '_____') AS shape, before[1] AS before_1, before[2] AS before_2
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
                        length(f.ods_code) BETWEEN a.signs - 1 AND a.signs + 1
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
                WHEN a.form = 'postcode' THEN 'No body is held at this postcode'
                WHEN a.form = 'words' THEN 'No name has all these words'
            END,
            why_not_held(a.form, c.as_of)
        ) AS explanation
    FROM missed AS a
    CROSS JOIN (SELECT coalesce(max(as_of), ods_today()) AS as_of FROM ord.captures) AS c
    LEFT JOIN (SELECT ods_code, arg_max(rule, capture_id) AS rule FROM ord.quarantined_records GROUP BY ods_code) AS q
        ON q.ods_code = a.code
    LEFT JOIN ord.unresolved_targets AS t ON t.target_ods_code = a.code
),

everything AS (
    SELECT
        m.match_kind, m.nearness, f.ods_code, f.name, f.kind, f.openness, f.opened_on, f.closed_on, f.replaced_by,
        f.candidate_codes, f.address, f.postcode, f.hq_code, f.hq_name, f.site_count, f.explanation,
        CASE WHEN m.match_kind = 'postcode' THEN coalesce(f.uprn::VARCHAR, f.address) END AS place
    FROM (
        FROM found
        UNION ALL
        (
            FROM one_slip_away
            QUALIFY count(*) OVER (PARTITION BY nearness) <= 5 AND nearness = min(nearness) OVER ()
        )
    ) AS m
    JOIN marts.code_finder AS f ON f.ods_code = m.ods_code
    UNION ALL BY NAME
    SELECT 'none' AS match_kind, 0 AS nearness, ods_code, explanation
    FROM nothing
)

SELECT
    match_kind, ods_code, name, kind, openness, opened_on, closed_on, replaced_by, candidate_codes, address, postcode,
    hq_code, hq_name, site_count, explanation
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
