-- Step of ods_find (ods_find.sql): the matches in their order, or what is listed where there are none.

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
                c.covered,
                c.is_kind
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
    LIMIT rows_wanted;
