-- The verdict on each line of a list on the day $day, and what was meant where the code is not good.
-- Input: the table listed (line, part, given, code, is_entry), which entries.sql makes.
-- $kind is the kind that every code should be, or null.

-- The form of each code, worked out in this one place: each use of code_form copies all its patterns into the query,
-- and to bind and optimise a dozen copies took half a second.
WITH RECURSIVE codes AS MATERIALIZED (
    SELECT
        code,
        code_form(code) AS form
    FROM (
        SELECT DISTINCT code
        FROM listed
        WHERE code IS NOT NULL
    )
),

-- Successions in effect by the day, followed step by step: the crosswalk speaks for today alone.
begun AS (
    SELECT
        old_code,
        new_code
    FROM marts.succession_edges
    WHERE coalesce(effective_on <= $day, true) AND new_code <> old_code
),

reached AS (
    SELECT
        old_code,
        new_code
    FROM begun
    WHERE old_code IN (SELECT code FROM codes)
    UNION
    SELECT
        r.old_code,
        b.new_code
    FROM reached AS r
    JOIN begun AS b ON b.old_code = r.new_code AND b.new_code <> r.old_code
),

onward AS (
    SELECT
        old_code,
        new_code
    FROM begun
    WHERE old_code IN (SELECT new_code FROM reached)
    UNION
    SELECT
        o.old_code,
        b.new_code
    FROM onward AS o
    JOIN begun AS b ON b.old_code = o.new_code AND b.new_code <> o.old_code
),

-- A code's replacements are the ends of its chains on the day. In a circle each code follows the other: all of them
-- count as ends.
replaced AS (
    SELECT
        r.old_code,
        list(r.new_code ORDER BY r.new_code) AS codes
    FROM reached AS r
    ANTI JOIN (
        SELECT forth.old_code
        FROM onward AS forth
        ANTI JOIN onward AS back ON back.old_code = forth.new_code AND back.new_code = forth.old_code
    ) AS later ON later.old_code = r.new_code
    GROUP BY r.old_code
),

-- Successors that have not begun by the day, each with its own, as far as no other way leads to them already.
ahead AS (
    SELECT
        old_code,
        to_be_succeeded_in_words(string_agg(codes || ' from ' || effective_on, ' and ' ORDER BY effective_on)) AS words
    FROM (
        SELECT
            old_code,
            effective_on,
            string_agg(new_code, ', ' ORDER BY new_code) AS codes
        FROM marts.succession_edges AS e
        ANTI JOIN reached AS r ON r.old_code = e.old_code AND r.new_code = e.new_code
        WHERE effective_on > $day AND old_code IN (SELECT code FROM codes)
        GROUP BY old_code, effective_on
    )
    GROUP BY old_code
),

-- The immediate successors on the day, or those to come if none has begun.
next_codes AS (
    SELECT
        old_code,
        list(new_code ORDER BY new_code) FILTER (is_past OR nothing_is_past) AS codes,
        min(effective_on) AS since
    FROM (
        SELECT
            old_code,
            new_code,
            effective_on,
            coalesce(effective_on <= $day, false) AS is_past,
            NOT bool_or(coalesce(effective_on <= $day, false)) OVER (PARTITION BY old_code) AS nothing_is_past
        FROM marts.succession_edges
        WHERE old_code IN (SELECT code FROM codes)
    )
    GROUP BY old_code
),

held AS (
    SELECT
        f.ods_code AS code,
        f.name,
        coalesce(k.kind, f.kind) AS kind,
        f.is_archived,
        f.openness = 'deleted' AS is_deleted,
        CASE
            WHEN f.openness = 'deleted' THEN 'deleted'
            ELSE openness_of(
                    o.status, o.operational_start, o.legal_start, o.operational_end, o.legal_end, o.last_change_date,
                    $day
                )
        END AS openness,
        o.legal_start,
        o.legal_end,
        o.operational_start,
        o.operational_end,
        f.closed_on AS closed_today,
        n.codes AS next_codes,
        n.since AS succeeded_from,
        coalesce(r.codes, []) AS replaced_by,
        f.candidate_codes,
        f.site_count
    FROM marts.code_finder AS f
    LEFT JOIN ord.organisations AS o ON o.ods_code = f.ods_code
    LEFT JOIN marts.organisation_kinds AS k
        ON k.ods_code = f.ods_code AND k.valid_from <= $day AND coalesce(k.valid_to > $day, true)
    LEFT JOIN replaced AS r ON r.old_code = f.ods_code
    LEFT JOIN next_codes AS n ON n.old_code = f.ods_code
    WHERE f.ods_code IN (SELECT code FROM codes)
),

-- The ends of its successions: a code may have been replaced by one that has closed since, and by no other.
ends AS (
    SELECT
        h.code,
        ends_in_words(
            -- One that is not held is named too: what became of it is not known.
            string_agg(h.end_code, ', ' ORDER BY h.end_code) FILTER (WHERE coalesce(f.closed_on > $day, true)),
            string_agg(f.ods_code || ', closed on ' || f.closed_on, ' and ' ORDER BY f.ods_code)
            FILTER (WHERE f.closed_on <= $day)
        ) AS words
    FROM (
        SELECT
            code,
            unnest(replaced_by) AS end_code
        FROM held
    ) AS h
    LEFT JOIN marts.code_finder AS f ON f.ods_code = h.end_code
    GROUP BY h.code
),

-- The organisation of the requested kind above a code of another kind, nearest first: on the day, else the last one.
above AS (
    SELECT
        h.ods_code AS code,
        [h.operator_code, h.provider_code, h.pcn_code, h.sub_icb_code, h.icb_code, h.region_code] AS parents
    FROM marts.provider_hierarchy AS h
    WHERE h.valid_from <= $day AND coalesce(h.valid_to > $day, true) AND h.ods_code IN (SELECT code FROM codes)
    UNION ALL
    SELECT
        p.ods_code,
        [p.operator_code, p.provider_code, p.pcn_code, p.sub_icb_code, p.icb_code, p.region_code]
    FROM marts.organisation_parents AS p
    WHERE p.is_past AND p.ods_code IN (SELECT code FROM codes)
),

steps AS (
    SELECT
        code,
        unnest(parents) AS parent_code,
        generate_subscripts(parents, 1) AS step
    FROM above
),

meant AS (
    SELECT
        s.code,
        s.parent_code AS meant_code,
        p.name AS meant_name,
        CASE WHEN p.closed_on <= $day THEN p.closed_on END AS meant_closed_on
    FROM steps AS s
    JOIN marts.code_finder AS p ON p.ods_code = s.parent_code AND p.kind = $kind AND p.ods_code <> s.code
    QUALIFY row_number() OVER (PARTITION BY s.code ORDER BY s.step, s.parent_code) = 1
),

-- Codes that are not held, for which codes one typo away are looked up.
unknown AS MATERIALIZED (
    SELECT
        code,
        form
    FROM codes
    WHERE form NOT IN ('words', 'default', 'statistical')
        AND (length(code) BETWEEN 2 AND 13 OR form IN ('date', 'number', 'scientific'))
        AND code NOT IN (SELECT code FROM held)
),

places AS (
    SELECT unnest(range(1, 14)) AS place
),

-- Each code without one of its characters: two codes that agree here differ in one character.
known_shorter AS MATERIALIZED (
    SELECT
        f.ods_code,
        p.place,
        f.ods_code[:p.place - 1] || f.ods_code[p.place + 1:] AS rest
    FROM marts.code_finder AS f
    JOIN places AS p ON p.place <= length(f.ods_code)
    WHERE (SELECT count(*) FROM unknown) > 0
),

unknown_shorter AS MATERIALIZED (
    SELECT
        u.code,
        p.place,
        u.code[:p.place - 1] || u.code[p.place + 1:] AS rest
    FROM unknown AS u
    JOIN places AS p ON p.place <= length(u.code)
),

-- What the code may have been before the typo, where that can be computed from the code alone.
before_typo AS (
    SELECT
        code,
        rest AS was,
        'a character too many' AS typo
    FROM unknown_shorter
    UNION ALL
    SELECT
        u.code,
        u.code[:p.place - 1] || u.code[p.place + 1] || u.code[p.place] || u.code[p.place + 2:],
        'two characters swapped'
    FROM unknown AS u
    JOIN places AS p ON p.place < length(u.code)
    UNION ALL
    SELECT
        code,
        unnest(codes_before_spreadsheet(code, form)),
        'made a number by a spreadsheet'
    FROM unknown
),

-- Numbers, and as many decimals of their scientific form as are shown: 9.08E+06 may be any number from 9.075 million.
numbers AS MATERIALIZED (
    SELECT
        code,
        try_cast(code AS DOUBLE) AS number,
        try_cast(split_part(code, '+', 2) AS INTEGER) AS exponent,
        length(regexp_extract(code, '[.]([0-9]+)E', 1)) AS decimals
    FROM unknown
    WHERE form IN ('number', 'scientific')
),

-- Codes that a spreadsheet takes for a number: 15E00, 015E0 and 15E0 are all 15.
known_numbers AS (
    SELECT
        ods_code,
        try_cast(ods_code AS DOUBLE) AS number
    FROM marts.code_finder
    WHERE (SELECT count(*) FROM numbers) > 0 AND regexp_full_match(ods_code, '[0-9]+E[0-9]+')
),

-- A spreadsheet keeps fifteen digits. One that is rounded up to 1.00E+07 is less than that by half of a smaller digit.
same_number AS (
    SELECT
        n.code,
        k.ods_code
    FROM numbers AS n
    JOIN known_numbers AS k
        ON abs(k.number - n.number) <= greatest(
            n.number * 1e-14,
            coalesce(0.5 * power(10, n.exponent - n.decimals - (k.number < power(10, n.exponent))::INTEGER), 0)
        ) * (1 + 1e-9)
),

typos AS (
    SELECT
        b.code,
        f.ods_code,
        b.typo
    FROM before_typo AS b
    JOIN marts.code_finder AS f ON f.ods_code = b.was
    UNION
    SELECT
        code,
        ods_code,
        'made a number by a spreadsheet'
    FROM same_number
    UNION
    SELECT
        u.code,
        k.ods_code,
        'another character'
    FROM unknown_shorter AS u
    JOIN known_shorter AS k ON k.rest = u.rest AND k.place = u.place
    UNION
    SELECT
        u.code,
        k.ods_code,
        'a character left out'
    FROM unknown AS u
    JOIN known_shorter AS k ON k.rest = u.code
    UNION
    SELECT
        u.code,
        f.ods_code,
        'characters that look the same'
    FROM (
        SELECT
            code,
            lookalike_key(code) AS look
        FROM unknown
    ) AS u
    JOIN (
        SELECT
            ods_code,
            lookalike_key(ods_code) AS look
        FROM marts.code_finder
        WHERE (SELECT count(*) FROM unknown) > 0
    ) AS f ON f.look = u.look
),

-- Typos in order of likelihood. If more than five codes are equally likely, none is proposed.
ranked AS (
    SELECT
        s.code,
        s.ods_code,
        CASE
            WHEN s.typo = 'made a number by a spreadsheet' THEN 0
            WHEN s.typo = 'characters that look the same' THEN 1
            WHEN s.typo = 'two characters swapped' THEN 2
            ELSE 3
        END AS rank
    FROM typos AS s
    JOIN marts.code_finder AS f ON f.ods_code = s.ods_code AND coalesce(f.kind = $kind, true)
),

likely AS (
    SELECT
        code,
        list(DISTINCT ods_code ORDER BY ods_code) AS codes
    FROM (FROM ranked QUALIFY rank = min(rank) OVER (PARTITION BY code))
    GROUP BY code
    HAVING len(codes) <= 5
),

-- Held codes in a cell with other text: RKE (Whittington Health). Words can look like codes of three letters, so one
-- without a digit counts in capitals only, and at either end of the cell unless all words of the cell are held codes.
words_in_text AS (
    SELECT
        code,
        unnest(words) AS word,
        generate_subscripts(words, 1) IN (1, len(words)) AS is_at_end
    FROM (
        SELECT DISTINCT
            l.code,
            string_split(trim(regexp_replace(l.given, '[^A-Za-z0-9]+', ' ', 'g')), ' ') AS words
        FROM listed AS l
        JOIN codes AS c ON c.code = l.code
        WHERE
            (
                c.form IN ('words', 'other')
                OR (c.form = 'code' AND regexp_matches(l.given, '[A-Za-z0-9][^A-Za-z0-9]+[A-Za-z0-9]'))
            )
            AND l.code NOT IN (SELECT code FROM held)
    )
),

in_text AS (
    SELECT
        code,
        list(DISTINCT ods_code ORDER BY ods_code) AS codes
    FROM (
        SELECT
            w.code,
            f.ods_code,
            regexp_matches(w.word, '[0-9]') OR (
                w.word = upper(w.word)
                AND (w.is_at_end OR bool_and(f.ods_code IS NOT NULL) OVER (PARTITION BY w.code))
            ) AS counts
        FROM words_in_text AS w
        LEFT JOIN marts.code_finder AS f ON f.ods_code = upper(w.word) AND coalesce(f.kind = $kind, true)
    )
    WHERE counts AND ods_code IS NOT NULL
    GROUP BY code
    HAVING len(codes) <= 5
),

judged AS (
    SELECT
        a.line,
        a.part,
        a.given,
        a.code,
        h.name,
        h.kind,
        h.openness,
        CASE
            WHEN h.openness = 'legally_closed' THEN h.legal_end
            WHEN h.openness = 'closing' THEN least(h.legal_end, h.operational_end)
            WHEN h.openness = 'closed' AND h.legal_end < $day THEN h.legal_end
            WHEN h.openness = 'closed' THEN h.operational_end
            WHEN h.openness = 'deleted' THEN h.closed_today
        END AS closed_on,
        CASE WHEN h.openness IN ('legally_closed', 'closed', 'deleted') THEN h.replaced_by ELSE [] END AS replaced_by,
        CASE WHEN h.openness IN ('legally_closed', 'closed', 'deleted') THEN h.candidate_codes ELSE [] END
            AS candidate_codes,
        CASE WHEN h.kind <> $kind THEN m.meant_code END AS meant_code,
        CASE WHEN h.kind <> $kind THEN m.meant_name END AS meant_name,
        m.meant_closed_on,
        coalesce(l.codes, t.codes, []) AS likely_codes,
        l.codes IS NULL AND t.codes IS NOT NULL AS is_in_text,
        g.words AS area_words,
        e.words AS ends_words,
        proposed_until(h.openness, h.legal_start, h.operational_start, $day) AS in_law_from,
        openness_in_words(
            h.openness, h.legal_start, h.legal_end, h.operational_start, h.operational_end, $day
        ) AS words,
        CASE
            WHEN h.openness IN ('not_yet_open', 'open', 'closing')
                THEN successors_in_words(h.openness, h.next_codes, h.succeeded_from, $day)
        END AS succession_words,
        CASE WHEN h.openness IN ('legally_closed', 'closed', 'deleted') THEN n.words END AS ahead_words,
        h.is_archived,
        coalesce(c.form, 'blank') AS form,
        CASE
            WHEN NOT a.is_entry THEN 'not_an_entry'
            WHEN a.code IS NULL THEN 'blank'
            WHEN h.code IS NULL AND c.form = 'default' THEN 'default_code'
            WHEN h.code IS NULL AND c.form = 'statistical' THEN 'other_system'
            WHEN h.code IS NULL AND c.form IN ('code', 'since_2020', 'number', 'scientific', 'date', 'short')
                THEN 'not_held'
            WHEN h.code IS NULL THEN 'no_code'
            WHEN h.openness = 'deleted' THEN 'deleted'
            WHEN h.kind <> $kind THEN 'wrong_kind'
            WHEN h.openness IN ('closed', 'legally_closed', 'not_yet_open') THEN h.openness
            ELSE 'good'
        END AS verdict,
        CASE WHEN a.code IS NOT NULL THEN min(a.line) OVER (PARTITION BY a.code) END AS first_line
    FROM listed AS a
    LEFT JOIN codes AS c ON c.code = a.code
    LEFT JOIN held AS h ON h.code = a.code
    LEFT JOIN meant AS m ON m.code = a.code
    LEFT JOIN likely AS l ON l.code = a.code
    LEFT JOIN in_text AS t ON t.code = a.code
    LEFT JOIN areas AS g ON g.gss_code = a.code
    LEFT JOIN ends AS e ON e.code = a.code
    LEFT JOIN ahead AS n ON n.old_code = a.code
)

SELECT
    line,
    given,
    code,
    verdict,
    name,
    kind,
    openness,
    closed_on,
    replaced_by,
    candidate_codes,
    meant_code,
    meant_name,
    likely_codes,
    CASE WHEN first_line < line THEN first_line END AS repeats_line,
    nullif(concat_ws(
        '; ',
        CASE
            WHEN is_in_text THEN 'More than a code'
            WHEN verdict = 'not_an_entry' THEN 'A total, a note or a ruler, not an entry of the list'
            WHEN verdict = 'blank' AND given ~ '\S' THEN 'There is no code: this stands for none'
            WHEN
                verdict IN ('blank', 'not_held', 'no_code', 'default_code', 'other_system')
                THEN why_not_held(form, (SELECT coalesce(max(as_of), ods_today()) FROM ord.captures))
            WHEN openness = 'deleted' THEN 'Deleted from the register on ' || closed_on
            WHEN openness <> 'open' OR in_law_from IS NOT NULL THEN words
        END,
        CASE WHEN form = 'default' THEN 'as a default code: ' || default_meaning(code) END,
        CASE WHEN verdict = 'other_system' THEN lower(area_words[1]) || area_words[2:] END,
        succession_words,
        CASE WHEN is_archived THEN 'archived' END,
        CASE
            WHEN len(replaced_by) > 0 THEN ends_words
            WHEN ahead_words IS NOT NULL THEN NULL
            WHEN
                len(candidate_codes) > 0
                THEN 'ODS records no successor; perhaps ' || array_to_string(candidate_codes, ', ')
            WHEN openness IN ('legally_closed', 'closed', 'deleted') THEN 'ODS records no successor'
        END,
        ahead_words,
        CASE
            WHEN verdict = 'wrong_kind' THEN 'of kind ' || kind || ' and not ' || $kind
                || coalesce(
                    ', probably ' || meant_code || ' (' || meant_name || coalesce(', closed on ' || meant_closed_on, '')
                    || ') is meant', ''
                )
        END,
        CASE WHEN len(likely_codes) > 0 THEN 'perhaps ' || array_to_string(likely_codes, ' or ') END,
        -- What is not a code is not read as one.
        CASE
            WHEN
                code <> given AND NOT is_in_text
                AND (openness IS NOT NULL OR form IN ('code', 'since_2020', 'short', 'default', 'statistical'))
                THEN 'read as ' || code
        END,
        CASE WHEN first_line < line THEN 'the same as line ' || first_line END
    ), '') AS note,
    verdict = 'not_an_entry'
    OR verdict = 'good'
    AND (openness <> 'open' OR in_law_from IS NOT NULL OR succession_words IS NOT NULL) AS is_notable
FROM judged
ORDER BY line, part
