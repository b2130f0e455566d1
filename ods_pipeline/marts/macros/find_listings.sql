-- Step of ods_find (ods_find.sql): what the text has of names, towns, codes and postcodes, weighed together.

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
                bool_or(is_kind) AS is_kind,
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
                    x.is_kind AND NOT s.is_town AS is_kind,
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
                WHERE x.is_near OR s.is_town
                UNION ALL
                SELECT
                    listing_id,
                    0,
                    0,
                    0,
                    0,
                    false,
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
