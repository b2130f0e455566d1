-- Step of ods_find (ods_find.sql): what the text has of names, towns, codes and postcodes, weighed together.

-- The listings that match, by name, town, code and postcode together. score is the share of what was typed that is
-- matched, by weight. code_mask: as in find_keys. A code counts whatever the other words are (is_code) if it has
-- letters and digits, or is a word of no name; one that looks like part of a postcode if there is no such place.
--
-- A town may have forty thousand listings, and grouping them takes most of the time. So a listing is left out before
-- that if its name and town have too little of the text to be among the best (not is_enough), unless its code or
-- postcode was typed: the join looks for it among the keys. All other listings are joined to a row of their own there,
-- -1. And the columns to group are packed into few numbers. words has sets of typed words, a dozen bits each: those in
-- the name, those in the name as typed, those in the town, those in the town as typed, those that are codes. flags has
-- bits: is_kind (1), has_both (2), a spelling of -1 (4) or 1 (8), has_postcode (16), likeness (32 and 64).
CREATE MACRO find_listings(entry, rows_wanted) AS TABLE
    SELECT *
    FROM (
        SELECT
            *,
            town_mask & ~town_exact_mask = 0 AS is_town_exact,
            NOT is_whole_code
            AND CASE
                WHEN code_mask > 4095 THEN NOT place_is_held
                ELSE code_mask BETWEEN 1 AND 4094 AND (has_both OR name_words & code_mask = 0)
            END AS is_code,
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
                coalesce(got, 0) AS got,
                words & 4095 AS mask,
                (words >> 12) & 4095 AS exact_mask,
                coalesce(covered, 0) AS covered,
                has_bit(flags, 0) AS is_kind,
                (words >> 24) & ~words & 4095 AS town_mask,
                (words >> 36) & 4095 AS town_exact_mask,
                words >> 48 AS code_mask,
                has_bit(flags, 1) AS has_both,
                ((flags >> 3) & 1) - ((flags >> 2) & 1) AS spelling,
                flags >> 5 AS likeness,
                (flags >> 4) & 1 AS has_postcode,
                bool_or((words >> 48) = 4095) OVER () AS is_whole_code,
                bool_or(has_bit(flags, 4)) OVER () AS place_is_held,
                coalesce(max(name_words) OVER (), 0) AS name_words,
                9 * max(greatest((flags >> 4) & 1, words >> 60)) OVER () AS asked,
                coalesce(max(weights) OVER (), 0) AS weights
            FROM (
                SELECT
                    coalesce(t.listing_id, k.listing_id) AS listing_id,
                    max(t.weights) AS weights,
                    max(t.name_words) AS name_words,
                    max(CASE WHEN NOT t.is_town THEN t.got END) AS got,
                    max(CASE WHEN NOT t.is_town THEN t.covered END) AS covered,
                    bit_or(
                        k.words
                        | coalesce(
                            CASE WHEN t.is_town THEN 0 ELSE t.mask | (t.exact_mask::BIGINT << 12) END
                            | (t.town_words << 24), 0
                        )
                    ) AS words,
                    bit_or(
                        k.flags
                        | CASE
                            WHEN NOT t.is_town
                                THEN t.is_kind::INTEGER + CASE t.spelling WHEN -1 THEN 4 WHEN 1 THEN 8 ELSE 0 END
                            ELSE 0
                        END
                    ) AS flags
                FROM (
                    SELECT
                        listing_id,
                        coalesce(mask, 0)::BIGINT << 48 AS words,
                        CASE WHEN mask IS NULL THEN 16 WHEN has_both THEN 2 ELSE 0 END + likeness * 32 AS flags
                    FROM find_keys(entry)
                    UNION ALL
                    SELECT
                        -1,
                        0,
                        0
                ) AS k
                LEFT JOIN (
                    SELECT
                        *,
                        got + weight_of(weights, town_words & ~mask & 4095) >= 0.8 * best_got AS is_enough
                    FROM (
                        SELECT
                            *,
                            coalesce(words_of_towns[list_position(towns, town_id)], 0) AS town_words
                        FROM (
                            SELECT
                                unnest(s.listing_ids) AS listing_id,
                                unnest(s.town_ids) AS town_id,
                                s.is_town,
                                x.towns,
                                x.words_of_towns,
                                x.best_got,
                                x.weights,
                                x.name_words,
                                x.got,
                                x.covered,
                                x.mask,
                                x.exact_mask,
                                x.is_kind,
                                x.spelling
                            FROM find_texts(entry, rows_wanted) AS x
                            JOIN search.listed_texts AS s ON s.text_id = x.text_id
                            WHERE x.is_near OR s.is_town
                        )
                    )
                ) AS t ON k.listing_id = CASE WHEN t.is_enough THEN -1 ELSE t.listing_id END
                GROUP BY coalesce(t.listing_id, k.listing_id)
            )
        )
    )
    QUALIFY is_code
        OR score >= greatest(0.55, 0.8 * max(score) OVER ())
        AND (NOT is_whole_code OR code_mask = 4095 OR (mask = exact_mask AND mask > 0));
