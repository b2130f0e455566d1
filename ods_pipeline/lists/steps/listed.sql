-- The codes of a list, after the rules that need the register: whether a cell with a blank, a hyphen or a name in it
-- is one code or several.
-- In: entries (line, part, given, code, is_entry); a cell with several codes has a part for each. Out: the same
-- columns.

-- What people write where there is no code, and what is no entry: neither is a code, unless the register holds it.
WITH filled AS MATERIALIZED (
    SELECT
        e.line,
        e.part,
        e.given,
        f.ods_code IS NOT NULL OR e.is_entry AS is_entry,
        CASE
            WHEN f.ods_code IS NOT NULL THEN e.code
            WHEN
                e.is_entry AND NOT regexp_full_match(
                    upper(trim(e.given)),
                    '[-–—?.*/]+|#?N[./]?A[.]?|NONE|NULL|NIL|NAN|MISSING|UNKNOWN|[(]?BLANK[)]?|TB[ACD]'
                    || '|NOT (KNOWN|APPLICABLE|AVAILABLE)|NO( ODS)? CODE'
                )
                THEN coalesce(p.ods_code, e.code)
        END AS code
    FROM entries AS e
    LEFT JOIN marts.code_finder AS f ON f.ods_code = e.code
    -- A code written in two parts, as only the register knows: TAF-01, E83018.001.
    LEFT JOIN marts.code_finder AS p
        ON p.ods_code = regexp_replace(e.code, '[-–./_]', '', 'g')
        AND p.ods_code <> e.code
        AND NOT is_day_key(e.code)
),

-- Cells that may have several codes with no more than a blank between them.
unsplit AS (
    SELECT
        line,
        string_split_regex(
            trim(regexp_replace(upper(regexp_replace(plain_text(given), '\p{Cf}', '', 'g')), '[^A-Z0-9]+', ' ', 'g')),
            '( (AND|OR))* '
        ) AS words
    FROM filled
    WHERE
        code IS NOT NULL
        AND regexp_matches(plain_text(given), '[A-Za-z0-9][^A-Za-z0-9]+[A-Za-z0-9]')
        AND NOT regexp_matches(plain_text(given), '[0-9][.][0-9]')
        AND NOT is_day_key(code)
        -- The whole is no code, or words were left out: RRP E83003.
        AND (
            code NOT IN (SELECT ods_code FROM marts.code_finder)
            OR code <> regexp_replace(upper(plain_text(given)), '[^A-Z0-9]', '', 'g')
        )
        AND line NOT IN (SELECT several.line FROM filled AS several WHERE several.part > 1)
),

-- Only the register knows: E83003 E83005 are two codes, since both are held; E83 003 is one, since the whole is held.
parts AS (
    SELECT
        w.line,
        w.place,
        w.word
    FROM (
        SELECT
            line,
            unnest(words) AS word,
            generate_subscripts(words, 1) AS place
        FROM unsplit
        WHERE len(words) > 1
    ) AS w
    LEFT JOIN marts.code_finder AS f ON f.ods_code = w.word
    QUALIFY bool_and(f.ods_code IS NOT NULL OR default_meaning(w.word) IS NOT NULL) OVER (PARTITION BY w.line)
),

-- A held code at one end of a cell, and its name: RRP Barnet. The name makes sure that the code is one, for the words
-- of names can look like codes of three letters.
named_words AS (
    SELECT
        line,
        part,
        unnest(words) AS word,
        generate_subscripts(words, 1) AS place,
        len(words) AS last_place
    FROM (
        SELECT
            line,
            part,
            -- Without the number of the line: 1) RRP Barnet.
            string_split(
                trim(regexp_replace(regexp_replace(given, '^\s*[(]?[0-9]{1,4}[.)]\s', ''), '[^\pL0-9]+', ' ', 'g')),
                ' '
            ) AS words
        FROM filled
        WHERE code IS NOT NULL AND regexp_matches(given, '[A-Za-z0-9][^A-Za-z0-9]+[A-Za-z0-9]')
    )
    WHERE len(words) > 1
),

named AS (
    SELECT
        w.line,
        w.part,
        any_value(f.ods_code) AS code
    FROM named_words AS w
    JOIN marts.code_finder AS f ON f.ods_code = w.word AND w.place IN (1, w.last_place)
    SEMI JOIN named_words AS o
        ON o.line = w.line
        AND o.part = w.part
        AND o.place <> w.place
        AND length(o.word) > 3
        AND list_contains(string_split(f.name_key, ' '), upper(o.word))
    GROUP BY w.line, w.part
    HAVING count(DISTINCT f.ods_code) = 1
)

SELECT
    e.line,
    coalesce(s.place, e.part) AS part,
    e.given,
    coalesce(s.word, CASE WHEN f.ods_code IS NULL THEN n.code END, e.code) AS code,
    e.is_entry
FROM filled AS e
LEFT JOIN parts AS s ON s.line = e.line
LEFT JOIN named AS n ON n.line = e.line AND n.part = e.part
LEFT JOIN marts.code_finder AS f ON f.ods_code = e.code
