-- Look a body up: ods_find('RRP'), ods_find('n10 9xd'), ods_find('maple house'). By code and by postcode, case and
-- spaces do not matter. Of a name (three signs at least) all words must be there, in any order, in full or in part;
-- whatever stands after the eighth word, in full. Best first: exact before partial, open before closed. At a
-- postcode everybody is listed; those at one address stand together, the open one first. If nothing is found, one
-- row says why, and up to five codes follow that look the same or are one sign away (match_kind similar).
CREATE MACRO ods_find(given) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT
        code_key(given) AS code, name_key(given) AS words, string_split(name_key(given), ' ') AS word,
        code_form(given) AS form, lookalike_key(given) AS look, codes_before_spreadsheet(given) AS before
),

by_code AS (
    SELECT 'code' AS match_kind, 0 AS nearness, NULL::VARCHAR AS place, f.*
    FROM marts.code_finder AS f
    JOIN asked AS a ON f.ods_code = a.code
),

by_postcode AS (
    SELECT 'postcode' AS match_kind, 0 AS nearness, coalesce(f.uprn::VARCHAR, f.address) AS place, f.*
    FROM marts.code_finder AS f
    JOIN asked AS a ON f.postcode_key = a.code
),

named AS (
    SELECT f.*, a.words, a.word, a.code
    FROM marts.code_finder AS f
    JOIN (FROM asked WHERE form <> 'postcode' AND length(words) >= 3) AS a
        ON contains(f.name_key, a.word[1])
        AND contains(f.name_key, coalesce(a.word[2], ''))
        AND contains(f.name_key, coalesce(a.word[3], ''))
        AND contains(f.name_key, coalesce(a.word[4], ''))
        AND contains(f.name_key, coalesce(a.word[5], ''))
        AND contains(f.name_key, coalesce(a.word[6], ''))
        AND contains(f.name_key, coalesce(a.word[7], ''))
        AND contains(f.name_key, coalesce(a.word[8], ''))
),

by_name AS (
    SELECT
        'name' AS match_kind,
        CASE
            WHEN name_key = words THEN 0
            WHEN starts_with(name_key, words || ' ') THEN 1
            WHEN list_has_all(string_split(name_key, ' '), word) THEN 2
            ELSE 3
        END AS nearness,
        NULL::VARCHAR AS place, * EXCLUDE (words, word, code)
    FROM named
    WHERE list_has_all(string_split(name_key, ' '), word[9:])
        AND ods_code <> code
        -- Beside a code, parts of words are noise.
        AND (nearness <= 2 OR NOT EXISTS (FROM by_code))
),

found AS MATERIALIZED (
    FROM by_code
    UNION ALL
    FROM by_postcode
    UNION ALL
    FROM by_name
),

-- Codes that look the same, or are one sign away: added, left out, swapped with its neighbour, another.
one_slip_away AS (
    SELECT
        'similar' AS match_kind,
        (lookalike_key(f.ods_code) <> a.look AND NOT list_contains(a.before, f.ods_code))::INTEGER AS nearness,
        NULL::VARCHAR AS place, f.*
    FROM marts.code_finder AS f
    JOIN (FROM asked WHERE form NOT IN ('blank', 'words') AND NOT EXISTS (FROM found)) AS a
        ON list_contains(a.before, f.ods_code)
        OR lookalike_key(f.ods_code) = a.look
        OR (
            length(f.ods_code) BETWEEN length(a.code) - 1 AND length(a.code) + 1
            AND damerau_levenshtein(f.ods_code, a.code) = 1
        )
),

nearest AS (
    FROM one_slip_away
    QUALIFY count(*) OVER (PARTITION BY nearness) <= 5 AND nearness = min(nearness) OVER ()
),

nothing AS (
    SELECT
        'none' AS match_kind, 0 AS nearness, code AS ods_code,
        coalesce(
            (
                SELECT 'Its record was set aside because it breaks a rule: ' || rule
                FROM ord.quarantined_records
                WHERE ods_code = asked.code
                ORDER BY capture_id DESC
                LIMIT 1
            ),
            (
                SELECT 'Not held, though ' || pointed_at_by || ' relationships or successions point at it (' || example_ods_code || ' for one)'
                FROM ord.unresolved_targets
                WHERE target_ods_code = asked.code
            ),
            CASE
                WHEN form = 'postcode' THEN 'No body is held at this postcode'
                WHEN form = 'words' THEN 'No name has all these words'
            END,
            why_not_held(form, (SELECT coalesce(max(as_of), ods_today()) FROM ord.captures))
        ) AS explanation
    FROM asked
    WHERE NOT EXISTS (FROM found)
),

everything AS (
    FROM found
    UNION ALL BY NAME
    FROM nothing
    UNION ALL BY NAME
    FROM nearest
),

ranked AS (
    SELECT
        *,
        array_position(['code', 'postcode', 'name', 'none', 'similar'], match_kind) AS kind_rank,
        array_position(['open', 'closing', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], openness) AS openness_rank
    FROM everything
)

SELECT
    match_kind, ods_code, name, kind, openness, opened_on, closed_on, replaced_by, candidate_codes, address, postcode,
    hq_code, hq_name, site_count, explanation
FROM ranked
ORDER BY
    kind_rank, nearness, min(openness_rank) OVER (PARTITION BY match_kind, nearness, place), place, openness_rank, name, ods_code;
