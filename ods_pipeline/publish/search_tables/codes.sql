-- Codes and postcodes: as they are looked up, as they are compared with a typo, and why one is not held.
-- In: code_finder, organisations, search.listings, quarantined_records, unresolved_targets. Out: search.codes,
-- search.keys, search.missing.

-- Row 0 stands for no code: for what is typed if nothing is found.
CREATE OR REPLACE TABLE search.codes AS
SELECT
    ods_code,
    any_value(finder_row) AS finder_row,
    bit_or(bit_of_character(letter)) AS characters,
    lookalike_key(ods_code) AS look,
    length(ods_code) AS size
FROM (
    SELECT
        ods_code,
        rowid AS finder_row,
        unnest(string_split(ods_code, '')) AS letter
    FROM marts.code_finder
)
GROUP BY ods_code
UNION ALL
SELECT
    NULL,
    -1,
    0,
    NULL,
    0
ORDER BY size, ods_code;
COMMENT ON TABLE search.codes IS
'For ods_find: every code, with the characters that it has as bits, and what it looks like at a glance.';

-- A postcode is its sector and what follows.
CREATE OR REPLACE TABLE search.keys AS
SELECT
    key_of(ods_code) AS key,
    '' AS rest,
    (finder_row + 1)::INTEGER AS listing_id
FROM search.codes
WHERE ods_code NOT LIKE ' %'
UNION ALL
SELECT
    key_of(n.postcode[:-4] || ' ' || n.postcode[-3]),
    n.postcode[-2:],
    n.listing_id
FROM (
    SELECT
        l.listing_id,
        replace(o.postcode, ' ', '') AS postcode
    FROM search.listings AS l
    JOIN ord.organisations AS o ON o.ods_code = l.ods_code
) AS n
WHERE length(n.postcode) BETWEEN 5 AND 7
ORDER BY key, rest, listing_id;
COMMENT ON TABLE search.keys IS
'For ods_find: every code, and every sector of a postcode with the rest of it, with the listings that have it.';

CREATE OR REPLACE TABLE search.missing AS
SELECT
    ods_code,
    missing_in_words(max(rule), max(pointed_at_by), max(example_ods_code), NULL) AS explanation
FROM (
    SELECT
        ods_code,
        arg_max(rule, (capture_id, record_number)) AS rule,
        NULL AS pointed_at_by,
        NULL AS example_ods_code
    FROM ord.quarantined_records
    GROUP BY ods_code
    UNION ALL
    SELECT
        target_ods_code,
        NULL,
        pointed_at_by,
        example_ods_code
    FROM ord.unresolved_targets
)
WHERE ods_code IS NOT NULL
GROUP BY ods_code
ORDER BY ods_code;
COMMENT ON TABLE search.missing IS
'For ods_find: codes that are not held though others point at them or their record was set aside, and the reason.';
