-- ods_find(text): look an organisation up as people type: ods_find('RRP'), ods_find('n10 9xd'), ods_find('maple'),
-- ods_find('mapel house barnet'), ods_find('LS1'), ods_find('Y99903 weavers yard'). Case, spaces and punctuation do not
-- matter. A text may have a code, a postcode or its first part, words of the name (current or former, whole or in part,
-- with typos) and of the town. Best matches come first: the code, the exact name, then by likeness; among those alike
-- open before closed, and organisations before sites. matched_by is why a row is here. A postcode alone lists all
-- organisations there, grouped by address, the open one first. If nothing matches, one row gives the reason
-- (match_kind none), and up to five codes follow that look the same or differ in one character (match_kind similar).
--
-- The best 200 are returned; ods_find('house', rows_wanted := 1000) returns more.
--
-- The tables of the schema search are made for this (publish/search.sql). What costs time is to prepare this text, and
-- to read columns of all codes, so the other columns are read for the matches only. Each step is a macro of its own,
-- without WITH: DuckDB 1.4.0 and 1.4.1 cannot read table macros with WITH that DuckDB 2.0 stored. Texts go through max
-- once, so that DuckDB cannot copy the expressions behind them to every use; and through unnest before it, so that it
-- does not compute them while it plans, where each pattern costs milliseconds. No text is compared as a constant with a
-- column: where DuckDB 1.2 sees beforehand that nothing can be equal to it, it takes the whole answer to be empty.

-- The listings that match, by name, town, code and postcode together. score is the share of what was typed that is
-- matched, by weight. A code_mask of 4095 is the whole text, and one of 4096 a code that looks like part of a postcode.
CREATE MACRO find_listings(entry, rows_wanted) AS TABLE
    SELECT
        listing_id,
        score,
        mask,
        exact_mask,
        town_mask & ~mask AS town_mask,
        town_mask & ~mask & ~town_exact_mask = 0 AS is_town_exact,
        code_mask,
        has_postcode,
        covered
    FROM (
        SELECT
            *,
            CASE
                WHEN code_mask = 4095 THEN 1
                WHEN all_weights + asked = 0 THEN 0
                ELSE (
                    got + greatest(has_postcode, code_mask >> 12) * asked
                    + CASE
                        WHEN (town_mask | code_mask) & ~mask = 0 THEN 0
                        ELSE weight_of(weights, (town_mask | code_mask) & ~mask)
                    END
                ) / (all_weights + asked)
            END AS score
        FROM (
            SELECT
                listing_id,
                coalesce(max(got) FILTER (WHERE part = 'name'), 0) AS got,
                coalesce(max(mask) FILTER (WHERE part = 'name'), 0) AS mask,
                coalesce(max(exact_mask) FILTER (WHERE part = 'name'), 0) AS exact_mask,
                coalesce(max(covered) FILTER (WHERE part = 'name'), 0) AS covered,
                coalesce(max(mask) FILTER (WHERE part = 'town'), 0) AS town_mask,
                coalesce(max(exact_mask) FILTER (WHERE part = 'town'), 0) AS town_exact_mask,
                coalesce(max(mask) FILTER (WHERE part = 'code'), 0) AS code_mask,
                count(*) FILTER (WHERE part = 'postcode') AS has_postcode,
                9 * least(1, max(count(*) FILTER (WHERE part = 'postcode')) OVER ()) AS asked,
                max(coalesce(max(weights), 0)) OVER () AS weights,
                max(coalesce(max(all_weights), 0)) OVER () AS all_weights
            FROM (
                SELECT
                    s.listing_id,
                    CASE WHEN s.is_town THEN 'town' ELSE 'name' END AS part,
                    x.got,
                    x.mask,
                    x.exact_mask,
                    x.covered,
                    x.weights,
                    x.all_weights
                FROM find_texts(entry, rows_wanted) AS x
                JOIN search.listed_texts AS s ON s.text_id = x.text_id
                WHERE x.got > 0.4 * x.best_got OR s.is_town
                UNION ALL
                SELECT
                    l.listing_id,
                    'code',
                    0,
                    q.mask,
                    0,
                    0,
                    NULL,
                    NULL
                FROM (
                    SELECT
                        word,
                        CASE
                            WHEN place = words + 1 THEN 4095
                            WHEN place = words + 2 THEN 4096
                            ELSE bit_of(place)
                        END AS mask
                    FROM (
                        SELECT
                            unnest(words || [code] || CASE WHEN words[1] <> '' THEN [postcode] ELSE [] END) AS word,
                            unnest(range(1, len(words) + 3)) AS place,
                            len(words) AS words
                        FROM find_question(entry)
                    )
                ) AS q
                JOIN search.codes AS l ON l.ods_code = q.word
                UNION ALL
                SELECT
                    l.listing_id,
                    'postcode',
                    0,
                    0,
                    0,
                    0,
                    NULL,
                    NULL
                FROM (
                    SELECT
                        replace(postcode, ' ', '') AS key,
                        CASE
                            WHEN is_postcode_key(replace(postcode, ' ', '')) THEN 0
                            WHEN contains(postcode, ' ') THEN 2
                            ELSE 3
                        END AS rest
                    FROM find_question(entry)
                    WHERE postcode <> ''
                ) AS q
                JOIN search.listings AS l
                    ON length(l.postcode_key) = length(q.key) + q.rest AND starts_with(l.postcode_key, q.key)
            )
            GROUP BY listing_id
        )
    )
    WHERE score >= 0.55
    QUALIFY score >= 0.8 * max(score) OVER ()
        AND (max(code_mask) OVER () <> 4095 OR code_mask = 4095 OR (mask = exact_mask AND mask > 0));

-- Codes that look the same as the text, or differ in one character: added, left out, changed, or swapped with its
-- neighbour. One typo changes at most two of the characters that a code has: that is tested first, for to compare every
-- code fully is slow.
CREATE MACRO find_similar_codes(entry) AS TABLE
    SELECT
        f.ods_code,
        f.finder_row,
        coalesce(f.look <> a.look AND f.ods_code <> a.before_1 AND f.ods_code <> a.before_2, true)::INTEGER AS nearness
    FROM (
        SELECT
            code,
            length(code) AS size,
            bit_or(bit_of_character(letter)) AS characters,
            key_look(code) AS look,
            coalesce(before[1], '') AS before_1,
            coalesce(before[2], '') AS before_2
        FROM (
            SELECT
                code,
                unnest(string_split(code, '')) AS letter,
                keys_before_spreadsheet(code, form) AS before
            FROM (
                SELECT
                    max(code) AS code,
                    max(key_form(code)) AS form
                FROM (SELECT max(code_key(typed)) AS code FROM (SELECT unnest([entry]) AS typed))
            )
            WHERE form NOT IN ('blank', 'words', 'default', 'statistical')
        )
        GROUP BY code, before
    ) AS a
    JOIN search.codes AS f
        ON CASE
            WHEN bit_count(xor(f.characters, a.characters)) <= 2 AND abs(length(f.ods_code) - a.size) <= 1
                THEN f.look = a.look OR damerau_levenshtein(f.ods_code, a.code) = 1
                    OR f.ods_code = a.before_1 OR f.ods_code = a.before_2
            ELSE f.look = a.look OR f.ods_code = a.before_1 OR f.ods_code = a.before_2
        END
    QUALIFY count(*) OVER (PARTITION BY nearness) <= 5 AND nearness = min(nearness) OVER ();

-- The matches, each code once, and what stands for them where there are none: similar codes, and a row without a code.
-- Only the first rows_wanted remain: the columns that people read are wide, and are fetched for these alone.
CREATE MACRO find_matches(entry, rows_wanted) AS TABLE
    SELECT *
    FROM (
        SELECT
            *,
            CASE
                WHEN place IS NOT NULL THEN min(openness_rank) OVER (PARTITION BY match_kind, nearness, place)
            END AS place_rank,
            CASE
                WHEN place IS NOT NULL THEN min(listing_id) OVER (PARTITION BY match_kind, nearness, place)
            END AS place_order,
            -- Not count with FILTER: as a window function that takes four seconds for a frequent word.
            max((match_kind NOT IN ('none', 'similar'))::INTEGER) OVER () = 1 AS is_answered
        FROM (
            SELECT  -- noqa: AM07
                CASE
                    WHEN c.code_mask = 4095 OR (c.code_mask > 0 AND (c.mask > 0 OR length(l.ods_code) > 4)) THEN 'code'
                    WHEN c.mask > 0 OR c.code_mask > 0 THEN 'name'
                    WHEN c.town_mask > 0 THEN 'place'
                    ELSE 'postcode'
                END AS match_kind,
                CASE
                    WHEN c.mask = 0 THEN 0
                    WHEN c.mask = c.exact_mask AND c.is_town_exact AND c.score > 0.95 AND c.covered > 0.96
                        AND l.former_name IS NULL THEN 0
                    -- A typo in a name is likelier than one in a town.
                    ELSE 1 + floor((1 - 0.7 * c.score - 0.3 * c.covered) * 10) + 2 * (NOT c.is_town_exact)::INTEGER
                END AS nearness,
                l.listing_id,
                l.ods_code,
                l.finder_row,
                l.openness_rank,
                l.is_site,
                CASE WHEN c.mask = 0 AND c.has_postcode > 0 THEN l.place END AS place,
                l.former_name,
                l.former_until,
                c.mask,
                c.exact_mask,
                c.town_mask,
                c.code_mask,
                c.has_postcode,
                c.covered
            FROM find_listings(entry, rows_wanted) AS c
            JOIN search.listings AS l ON l.listing_id = c.listing_id
            QUALIFY row_number() OVER (PARTITION BY l.ods_code ORDER BY c.score DESC, l.listing_id) = 1
            UNION ALL BY NAME
            SELECT
                'similar' AS match_kind,
                nearness,
                ods_code,
                finder_row
            FROM find_similar_codes(entry)
            UNION ALL BY NAME
            SELECT
                'none' AS match_kind,
                0 AS nearness,
                max(code) AS missed_code,
                max(key_form(code)) AS form
            FROM (SELECT max(code_key(typed)) AS code FROM (SELECT unnest([entry]) AS typed))
        )
    )
    WHERE NOT is_answered OR match_kind NOT IN ('none', 'similar')
    QUALIFY row_number() OVER (
            ORDER BY
                array_position(['code', 'name', 'postcode', 'place', 'none', 'similar'], match_kind),
                nearness,
                place_rank,
                place_order,
                openness_rank,
                is_site,
                covered DESC,
                listing_id
        ) <= rows_wanted;

CREATE MACRO ods_find(entry, rows_wanted := 200) AS TABLE
    SELECT
        m.match_kind,
        coalesce(m.ods_code, m.missed_code) AS ods_code,
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
        CASE
            WHEN m.match_kind <> 'none' THEN f.explanation
            ELSE missing_in_words(
                    q.rule, t.pointed_at_by, t.example_ods_code, why_not_found(m.form, m.missed_code, c.as_of)
                )
        END AS explanation,
        CASE
            WHEN m.match_kind = 'similar' THEN 'a code like this'
            WHEN m.match_kind <> 'none'
                THEN concat_ws(
                        ' and ',
                        CASE WHEN m.code_mask > 0 THEN 'its code' END,
                        CASE
                            WHEN m.mask = 0 THEN NULL
                            WHEN m.former_name IS NOT NULL
                                THEN 'its former name ' || m.former_name || ', in the register until ' || m.former_until
                            WHEN m.mask <> m.exact_mask THEN 'a name like this'
                            WHEN m.covered > 0.96 THEN 'its name'
                            ELSE 'words of its name'
                        END,
                        CASE WHEN m.town_mask > 0 THEN 'its town' END,
                        CASE WHEN m.has_postcode > 0 THEN 'its postcode' END
                    )
        END AS matched_by
    FROM find_matches(entry, rows_wanted) AS m
    CROSS JOIN (
        SELECT max(words_between(typed, other_characters())) AS words
        FROM (SELECT unnest([entry]) AS typed)
    ) AS typed
    CROSS JOIN (SELECT coalesce(max(as_of), ods_today()) AS as_of FROM ord.captures) AS c
    -- An inner join by the number of the row: DuckDB then reads little more than these rows. The row without a code has
    -- its partner.
    JOIN (
        SELECT
            rowid AS finder_row,
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
            explanation,
            name_key
        FROM marts.code_finder
        UNION ALL
        SELECT
            -1,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL,
            NULL
    ) AS f ON f.finder_row = coalesce(m.finder_row, -1)
    LEFT JOIN (SELECT
        ods_code,
        arg_max(rule, capture_id) AS rule
    FROM ord.quarantined_records GROUP BY ods_code) AS q
        ON q.ods_code = m.missed_code
    LEFT JOIN ord.unresolved_targets AS t ON t.target_ods_code = m.missed_code
    ORDER BY
        array_position(['code', 'name', 'postcode', 'place', 'none', 'similar'], m.match_kind),
        m.nearness,
        m.nearness = 0 AND m.match_kind = 'name' AND f.name_key <> typed.words,
        m.place_rank,
        m.place_order,
        m.openness_rank,
        m.is_site,
        jaro_winkler_similarity(f.name_key, typed.words) DESC,
        m.covered DESC,
        f.name,
        f.ods_code;
