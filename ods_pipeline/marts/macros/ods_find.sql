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

-- The listings that have the text, or a part of it, as a code or postcode. A mask of 4095 is the whole text, one of
-- 4096 a code that looks like part of a postcode, and a postcode has none. A district has ten sectors. A text such as
-- LS185 may be a sector without its space (LS18 5), and LS18 too (LS1 8): its mask is 8192 at first, and it counts if
-- there is no such district. What was perhaps meant by a postcode counts if it is held, and neither the code nor the
-- postcode that was typed is; a district in the text then does not. likeness is 2 if that is the whole text, else 1.
-- has_both: the word has letters and digits, as most codes do and few words.
CREATE MACRO find_keys(entry) AS TABLE
    SELECT
        k.listing_id,
        nullif(nullif(q.mask, 8192), 16384) AS mask,
        q.mask < 4095 AND q.word <> translate(q.word, '0123456789', '') AND lower(q.word) <> q.word AS has_both,
        CASE WHEN q.mask = 16384 THEN 1 + (q.rest = '')::INTEGER ELSE 0 END AS likeness
    FROM (
        SELECT
            unnest(
                words
                || [
                    code,
                    CASE WHEN words[1] <> '' THEN postcode END,
                    CASE
                        WHEN len(words) = 1 AND regexp_full_match(code, '[A-Z]{1,2}[0-9][0-9A-Z]?[0-9]')
                            THEN ' ' || code[:-2] || ' ' || code[-1]
                    END,
                    CASE WHEN code_as_typed <> code THEN code_as_typed END
                ]
                || postcode_sectors(perhaps_postcode, postcode_digits)
                || CASE
                    WHEN postcode = '' THEN []
                    WHEN postcode[-2] = ' ' THEN [' ' || postcode]
                    WHEN length(joined) > 4 THEN [' ' || joined[:-4] || ' ' || joined[-3]]
                    ELSE string_split(replace(' # 0, # 1, # 2, # 3, # 4, # 5, # 6, # 7, # 8, # 9', '#', joined), ',')
                END
            ) AS word,
            unnest(
                list_slice([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048], 1, len(words))
                || [4095, 4096, 8192, 4095, 16384, 16384]
            ) AS mask,
            postcode_end(perhaps_postcode) AS perhaps_rest,
            CASE WHEN length(joined) > 4 AND postcode[-2] <> ' ' THEN joined[-2:] ELSE '' END AS rest
        FROM (
            SELECT
                *,
                postcode_digits(perhaps_postcode) AS postcode_digits
            FROM (
                SELECT
                    *,
                    CASE
                        WHEN length(postcode) > 4 AND postcode[-2] <> ' ' THEN replace(postcode, ' ', '') ELSE code
                    END AS perhaps_postcode,
                    replace(postcode, ' ', '') AS joined
                FROM find_question(entry)
            )
        )
    ) AS q
    JOIN search.keys AS k
        ON k.key = key_of(q.word)
        AND CASE
            WHEN q.mask = 16384 THEN k.rest = q.perhaps_rest
            ELSE q.rest = '' OR k.rest = q.rest OR q.mask IS NOT NULL
        END
    QUALIFY CASE
        max(
            CASE
                WHEN q.mask = 4095 OR (q.mask IS NULL AND q.rest <> '') THEN 3
                WHEN q.mask = 16384 THEN 2
                WHEN q.mask IS NULL THEN 1
                ELSE 0
            END
        ) OVER ()
            WHEN 0 THEN true
            WHEN 2 THEN q.mask <> 8192
            ELSE coalesce(q.mask, 0) < 8192
        END;

-- The listings that match, by name, town, code and postcode together. score is the share of what was typed that is
-- matched, by weight. code_mask: as in find_keys. A code counts whatever the other words are (is_code) if it has
-- letters and digits, or is a word of no name.
CREATE MACRO find_listings(entry, rows_wanted) AS TABLE
    SELECT *
    FROM (
        SELECT
            *,
            town_mask & ~town_exact_mask = 0 AS is_town_exact,
            code_mask BETWEEN 1 AND 4094 AND NOT is_whole_code
            AND (has_both OR name_words & code_mask = 0) AS is_code,
            CASE
                WHEN code_mask = 4095 OR likeness = 2 THEN 1
                WHEN (weights >> 48) + asked = 0 THEN 0
                ELSE (
                    got + greatest(has_postcode, code_mask >> 12) * asked
                    + weight_of(weights, (town_mask | code_mask) & ~mask & 4095)
                ) / ((weights >> 48) + asked)
            END AS score
        FROM (
            SELECT
                listing_id,
                max(got) AS got,
                max(mask) AS mask,
                max(exact_mask) AS exact_mask,
                max(covered) AS covered,
                max(town_mask) & ~max(mask) AS town_mask,
                max(town_exact_mask) AS town_exact_mask,
                max(code_mask) AS code_mask,
                bool_or(has_both) AS has_both,
                sum(spelling) AS spelling,
                max(likeness) AS likeness,
                max(has_postcode) AS has_postcode,
                bool_or(bool_or(code_mask = 4095)) OVER () AS is_whole_code,
                bit_or(bit_or(exact_mask | town_exact_mask)) OVER () AS name_words,
                9 * max(max(greatest(has_postcode, code_mask >> 12))) OVER () AS asked,
                max(max(weights)) OVER () AS weights
            FROM (
                SELECT
                    unnest(s.listing_ids) AS listing_id,
                    CASE WHEN s.is_town THEN 0 ELSE x.got END AS got,
                    CASE WHEN s.is_town THEN 0 ELSE x.mask END AS mask,
                    CASE WHEN s.is_town THEN 0 ELSE x.exact_mask END AS exact_mask,
                    CASE WHEN s.is_town THEN 0 ELSE x.covered END AS covered,
                    CASE WHEN s.is_town THEN x.mask ELSE 0 END AS town_mask,
                    CASE WHEN s.is_town THEN x.exact_mask ELSE 0 END AS town_exact_mask,
                    0 AS code_mask,
                    0 AS has_postcode,
                    x.weights,
                    false AS has_both,
                    0 AS likeness,
                    x.spelling
                FROM find_texts(entry, rows_wanted) AS x
                JOIN search.listed_texts AS s ON s.text_id = x.text_id
                WHERE x.got > 0.4 * x.best_got OR s.is_town
                UNION ALL
                SELECT
                    listing_id,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    coalesce(mask, 0),
                    (mask IS NULL)::INTEGER,
                    0,
                    has_both,
                    likeness,
                    0
                FROM find_keys(entry)
            )
            GROUP BY listing_id
        )
    )
    QUALIFY is_code
        OR score >= greatest(0.55, 0.8 * max(score) OVER ())
        AND (NOT is_whole_code OR code_mask = 4095 OR (mask = exact_mask AND mask > 0));

-- The text as a code (missed_code) with its form, and the codes that look the same or differ in one character: added,
-- left out, changed, or swapped with its neighbour. One typo changes at most two of the characters that a code has:
-- that is tested first, for to compare every code fully is slow. Codes of other lengths are not read, and for words, or
-- a postcode with its space, none is. Row 0 of search.codes is the partner of the text itself.
CREATE MACRO find_similar_codes(entry) AS TABLE
    SELECT
        f.ods_code,
        f.finder_row,
        a.code AS missed_code,
        a.form,
        a.words AS typed,
        CASE
            WHEN f.size > 0 THEN (f.look <> a.look AND f.ods_code NOT IN (a.before_1, a.before_2))::INTEGER
        END AS nearness
    FROM (
        SELECT
            *,
            key_look(code) AS look,
            length(code) AS code_size,
            unnest(
                CASE
                    WHEN form IN ('blank', 'words', 'default', 'statistical') THEN [0]
                    WHEN form = 'postcode' AND contains(words, ' ') THEN [0]
                    ELSE list_distinct(
                            [0, length(before_1), length(before_2)] || range(length(code) - 1, length(code) + 2)
                        )
                END
            ) AS size
        FROM (
            SELECT
                code,
                form,
                words,
                bit_or(CASE WHEN letter <> '' THEN bit_of_character(letter) ELSE 0 END) AS characters,
                coalesce(before[1], '') AS before_1,
                coalesce(before[2], '') AS before_2
            FROM (
                SELECT
                    code,
                    form,
                    words,
                    unnest(string_split(coalesce(code, ''), '')) AS letter,
                    keys_before_spreadsheet(code, form) AS before
                FROM (
                    SELECT
                        max(code) AS code,
                        max(words) AS words,
                        max(key_form(code)) AS form
                    FROM find_typed(entry)
                )
            )
            GROUP BY code, form, words, before
        )
    ) AS a
    JOIN search.codes AS f
        ON f.size = a.size
        AND CASE
            WHEN f.size = 0 OR f.look = a.look OR f.ods_code IN (a.before_1, a.before_2) THEN true
            WHEN bit_count(xor(f.characters, a.characters)) <= 2 AND abs(f.size - a.code_size) <= 1
                THEN damerau_levenshtein(f.ods_code, a.code) = 1
        END
    QUALIFY f.size = 0 OR (count(*) OVER (PARTITION BY nearness) <= 5 AND nearness = min(nearness) OVER ());

-- The matches, each code once, and what replaces them where there are none: similar codes, and a row without a code.
-- match_rank is the place of a match_kind in the order of ods_find. Only the first rows_wanted remain: the columns that
-- people read are wide, and are fetched for these alone.
CREATE MACRO find_matches(entry, rows_wanted) AS TABLE
    SELECT *
    FROM (
        SELECT
            *,
            CASE
                WHEN place IS NOT NULL THEN min(openness_rank) OVER (PARTITION BY match_rank, nearness, place)
            END AS place_rank,
            CASE
                WHEN place IS NOT NULL THEN min(listing_id) OVER (PARTITION BY match_rank, nearness, place)
            END AS place_order,
            max(typed) OVER () AS typed_words,
            min(match_rank) OVER () AS best_rank
        FROM (
            SELECT  -- noqa: AM07
                CASE
                    WHEN c.code_mask = 4095 OR c.is_code OR (c.code_mask > 0 AND (c.mask > 0 OR length(l.ods_code) > 4))
                        THEN 1
                    WHEN c.mask > 0 OR c.code_mask > 0 THEN 2
                    WHEN c.town_mask > 0 THEN 4
                    ELSE 3
                END AS match_rank,
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
                c.likeness,
                -- NHS DORSET INTEGRATED CARE BOARD is an ICB; NHS DORSET ICB - 11J is a place of one.
                c.spelling,
                c.covered
            FROM find_listings(entry, rows_wanted) AS c
            JOIN search.listings AS l ON l.listing_id = c.listing_id
            QUALIFY row_number() OVER (PARTITION BY l.finder_row ORDER BY c.score DESC, l.listing_id) = 1
            UNION ALL BY NAME
            SELECT
                CASE WHEN ods_code IS NULL THEN 5 ELSE 6 END AS match_rank,
                nearness,
                ods_code,
                finder_row,
                missed_code,
                form,
                typed
            FROM find_similar_codes(entry)
        )
    )
    WHERE match_rank < 5 OR best_rank = 5
    QUALIFY row_number() OVER (
            ORDER BY
                match_rank,
                nearness,
                spelling,
                place_rank,
                place_order,
                openness_rank,
                is_site,
                covered DESC,
                listing_id,
                ods_code
        ) <= rows_wanted;

CREATE MACRO ods_find(entry, rows_wanted := 200) AS TABLE
    SELECT
        ['code', 'name', 'postcode', 'place', 'none', 'similar'][m.match_rank] AS match_kind,
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
            WHEN m.match_rank <> 5 THEN f.explanation
            ELSE coalesce(x.explanation, why_not_found(m.form, m.missed_code, f.as_of))
        END AS explanation,
        CASE
            WHEN m.match_rank = 6 THEN 'a code like this'
            WHEN m.match_rank <> 5
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
                        CASE
                            WHEN m.likeness > 0 THEN 'a postcode like this'
                            WHEN m.has_postcode > 0 THEN 'its postcode'
                        END
                    )
        END AS matched_by
    FROM find_matches(entry, rows_wanted) AS m
    -- An inner join by the number of the row: DuckDB then reads little more than these rows. The row without a code has
    -- its partner.
    JOIN (
        SELECT
            rowid AS finder_row,
            *
        FROM marts.code_finder
        UNION ALL BY NAME
        SELECT
            -1 AS finder_row,
            coalesce(max(as_of), ods_today()) AS as_of
        FROM ord.captures
    ) AS f ON f.finder_row = m.finder_row
    LEFT JOIN search.missing AS x ON x.ods_code = m.missed_code AND m.match_rank = 5
    ORDER BY
        m.match_rank,
        m.nearness,
        m.nearness = 0 AND m.match_rank = 2 AND f.name_key <> m.typed_words,
        m.spelling,
        m.place_rank,
        m.place_order,
        m.openness_rank,
        m.is_site,
        jaro_winkler_similarity(f.name_key, m.typed_words) DESC,
        m.covered DESC,
        f.name,
        f.ods_code;
