-- Steps of ods_find (ods_find.sql): the codes and postcodes that the text has, and codes that it may be a typo of.

-- The listings that have the text, or a part of it, as a code or postcode. A mask of 4095 is the whole text, one of
-- 4096 a code that looks like part of a postcode, and a postcode has none. A district has ten sectors. A text such as
-- LS185 may be a sector without its space (LS18 5), and LS18 too (LS1 8): its mask is 8192 at first, and it counts if
-- there is no such district. What was perhaps meant by a postcode counts if it is held, and neither the code nor the
-- postcode that was typed is; a district in the text then does not. likeness is 2 if that is the whole text, else 1.
-- has_both: the word has letters and digits, as most codes do and few words. E83003-001 is E83003001 if that is held.
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
                    -- As a code: with a space it is none, and would be found as a sector.
                    CASE WHEN words[1] <> '' AND NOT contains(postcode, ' ') THEN postcode END,
                    CASE
                        WHEN len(words) = 1 AND regexp_full_match(code, '[A-Z]{1,2}[0-9][0-9A-Z]?[0-9]')
                            THEN code[:-2] || ' ' || code[-1]
                    END,
                    CASE WHEN code_as_typed <> code THEN code_as_typed END,
                    CASE WHEN len(words) > 1 THEN translate(code, '-./_', '') END
                ]
                || postcode_sectors(perhaps_postcode, postcode_digits)
                || CASE
                    WHEN postcode = '' THEN []
                    WHEN postcode[-2] = ' ' THEN [postcode]
                    WHEN length(joined) > 4 THEN [joined[:-4] || ' ' || joined[-3]]
                    ELSE string_split(replace('# 0,# 1,# 2,# 3,# 4,# 5,# 6,# 7,# 8,# 9', '#', joined), ',')
                END
            ) AS word,
            unnest(
                list_slice([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048], 1, len(words))
                || [4095, 4096, 8192, 4095, 4095, 16384, 16384]
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
                characters,
                coalesce(before[1], '') AS before_1,
                coalesce(before[2], '') AS before_2
            FROM (
                SELECT
                    *,
                    keys_before_spreadsheet(code, form) AS before
                FROM (
                    SELECT
                        max(code) AS code,
                        max(words) AS words,
                        max(key_form(code)) AS form,
                        bit_or(CASE WHEN letter <> '' THEN bit_of_character(letter) ELSE 0 END) AS characters
                    FROM (
                        SELECT
                            code,
                            words,
                            -- Codes have up to 12 characters; a pasted page may have thousands.
                            unnest(string_split(coalesce(code, '')[:14], '')) AS letter
                        FROM find_typed(entry)
                    )
                )
            )
        )
    ) AS a
    JOIN search.codes AS f
        ON f.size = a.size
        AND CASE
            WHEN f.size = 0 OR f.look = a.look OR f.ods_code IN (a.before_1, a.before_2) THEN true
            WHEN bit_count(xor(f.characters, a.characters)) <= 2 AND abs(f.size - a.code_size) <= 1
                THEN damerau_levenshtein(f.ods_code, a.code) = 1
        END
    -- All that look the same, else all with a typo; more than five of them would be noise.
    QUALIFY f.size = 0
        OR (nearness = 0 AND count(CASE WHEN nearness = 0 THEN 1 END) OVER () <= 5)
        OR (nearness = 1 AND count(CASE WHEN nearness = 0 THEN 1 END) OVER () = 0 AND count(nearness) OVER () <= 5);
