-- ods_find(text): look an organisation up as people type: ods_find('RRP'), ods_find('n10 9xd'), ods_find('maple'),
-- ods_find('mapel house barnet'), ods_find('LS1'), ods_find('Y99903 weavers yard'). Case, spaces and punctuation do not
-- matter. A text may have a code, a postcode or its first part, words of the name (current or former, whole or in part,
-- with typos; the initials of a trust or board; GP, DENTIST and the like for what it is) and of the town. Best matches
-- come first: the code, the exact name, then by likeness; among those alike open before closed, and organisations
-- before sites. matched_by is why a row is here. A postcode alone lists all organisations there, by address, the open
-- one first. If nothing matches, one row gives the reason (match_kind none), and up to five codes follow that look
-- the same or differ in one character (match_kind similar).
--
-- The best 200 are returned; ods_find('house', rows_wanted := 1000) returns more.
--
-- Its steps, in this order: find_as_typed.sql (what was typed), find_by_name.sql (the names and towns that have its
-- words), find_codes.sql, find_listings.sql, find_matches.sql. A macro can only use those that are there already, and
-- files are read in order of their names.
--
-- The tables of the schema search are made for this (publish/search_tables). What costs time is to prepare this text,
-- and to read columns of all codes, so the other columns are read for the matches only. Each step is a macro of its
-- own, without WITH: DuckDB 1.4.0 and 1.4.1 cannot read table macros with WITH that DuckDB 2.0 stored. Texts go
-- through max once, so that DuckDB cannot copy the expressions behind them to every use; and through unnest before it,
-- so that it does not compute them while it plans, where each pattern costs milliseconds. No text is compared as a
-- constant with a column: where DuckDB 1.2 sees beforehand that nothing can be equal to it, it takes the whole answer
-- to be empty.

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
                            WHEN m.is_kind THEN 'its kind'
                            WHEN m.former_name IS NOT NULL
                                THEN 'its former name ' || m.former_name || ', in the register until ' || m.former_until
                            WHEN m.mask <> m.exact_mask THEN 'a name like this'
                            WHEN m.covered > 0.96 THEN 'its name'
                            WHEN m.spelling < 0 THEN 'initials of its name'
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
