-- The tables that ods_find searches. They are in ods.duckdb only: everything in them is in other tables too.

CREATE SCHEMA IF NOT EXISTS search;

-- Names that an organisation had in the register before its current one.
CREATE OR REPLACE TEMP TABLE former AS
SELECT
    f.ods_code,
    any_value(f.rowid) AS finder_row,
    any_value(f.openness) AS openness,
    name_key(h.name) AS text,
    max(h.name) AS former_name,
    max(h.known_to) AS former_until
FROM history.organisations AS h
JOIN marts.code_finder AS f ON f.ods_code = h.ods_code AND f.name <> h.name
WHERE h.known_to IS NOT NULL AND name_key(h.name) IS DISTINCT FROM f.name_key
GROUP BY f.ods_code, name_key(h.name);

CREATE OR REPLACE TEMP TABLE towns AS
SELECT
    town,
    name_key(town) AS text
FROM (SELECT DISTINCT town FROM ord.organisations WHERE town IS NOT NULL);

-- Every name and town once.
CREATE OR REPLACE TEMP TABLE texts AS
SELECT
    text,
    (row_number() OVER (ORDER BY text))::INTEGER AS text_id
FROM (
    SELECT DISTINCT name_key AS text
    FROM marts.code_finder
    UNION
    SELECT text
    FROM former
    UNION
    SELECT text
    FROM towns
)
WHERE text IS NOT NULL;

CREATE OR REPLACE TEMP TABLE written AS
SELECT
    text_id,
    unnest(string_split(text, ' ')) AS word
FROM texts;

CREATE OR REPLACE TEMP TABLE own_words AS
SELECT DISTINCT
    s.plain AS word,
    w.text_id,
    word_size(s.plain) AS size
FROM written AS w
JOIN (
    SELECT
        word,
        plain_word(word) AS plain
    FROM (SELECT DISTINCT word FROM written)
    WHERE word <> 'AND'
) AS s ON s.word = w.word;

CREATE OR REPLACE TEMP TABLE sizes AS
SELECT
    text_id,
    sum(size) AS size
FROM own_words
GROUP BY text_id;

-- Initials that people type for words of a name (DORSET ICB), and words that they type for initials in it; those of the
-- last lines are initials of other words too, and stand for none.
CREATE OR REPLACE TEMP TABLE initials AS
SELECT
    known.initials,
    known.spelt_out,
    known.is_read,
    plain_word(unnest(string_split(known.spelt_out, ' '))) AS word
FROM (
    VALUES
    ('ICB', 'INTEGRATED CARE BOARD', true),
    ('CCG', 'CLINICAL COMMISSIONING GROUP', true),
    ('PCT', 'PRIMARY CARE TRUST', true),
    ('PCN', 'PRIMARY CARE NETWORK', true),
    ('FT', 'FOUNDATION TRUST', true),
    ('CSU', 'COMMISSIONING SUPPORT UNIT', true),
    ('SHA', 'STRATEGIC HEALTH AUTHORITY', true),
    ('LHB', 'LOCAL HEALTH BOARD', true),
    ('CIC', 'COMMUNITY INTEREST COMPANY', false),
    ('MC', 'MEDICAL CENTRE', false),
    ('HC', 'HEALTH CENTRE', false)
) AS known (initials, spelt_out, is_read);

-- They are words of the text too, and do not count in its size. Where they are typed, its size is what it would be with
-- them in place of the others (other_size): NHS DORSET ICB is all of NHS DORSET INTEGRATED CARE BOARD.
CREATE OR REPLACE TEMP TABLE words_of_texts AS
SELECT
    *,
    NULL AS other_size
FROM own_words
UNION ALL
SELECT
    CASE WHEN t.has_initials THEN i.word ELSE i.initials END AS word,
    t.text_id,
    0,
    max(greatest(1, s.size + (i.size - length(i.initials)) * CASE WHEN t.has_initials THEN 1 ELSE -1 END))
FROM (
    SELECT
        *,
        sum(length(word)) OVER (PARTITION BY initials) AS size
    FROM initials
) AS i
JOIN (
    SELECT
        x.text_id,
        n.initials,
        contains(' ' || x.text || ' ', ' ' || n.initials || ' ') AS has_initials
    FROM texts AS x
    JOIN (
        SELECT DISTINCT
            initials,
            spelt_out,
            is_read
        FROM initials
    ) AS n
        ON (contains(' ' || x.text || ' ', ' ' || n.initials || ' ') AND n.is_read)
        <> contains(' ' || x.text || ' ', ' ' || n.spelt_out || ' ')
) AS t ON t.initials = i.initials
JOIN sizes AS s ON s.text_id = t.text_id
LEFT JOIN own_words AS o ON o.text_id = t.text_id AND o.word = i.word
WHERE NOT t.has_initials OR (i.is_read AND o.word IS NULL)
GROUP BY ALL;

CREATE OR REPLACE TABLE search.words AS
SELECT
    word,
    (row_number() OVER (ORDER BY word))::INTEGER AS word_id,
    any_value(texts)::INTEGER AS texts,
    bit_or(bit_of_character(letter)) AS letters
FROM (
    SELECT
        word,
        count(*) AS texts,
        unnest(string_split(word, '')) AS letter
    FROM words_of_texts
    GROUP BY word
)
GROUP BY word
UNION ALL
SELECT
    '',
    0,
    1,
    0;
COMMENT ON TABLE search.words IS
'For ods_find: the words of names and towns in one spelling, with how many texts have each. Word 0 is not a word.';

CREATE OR REPLACE TABLE search.pieces AS
SELECT
    piece,
    list(DISTINCT word_id ORDER BY word_id) AS word_ids
FROM (
    SELECT
        word_id,
        three_letters(word, unnest(range(1, length(word) + 1))) AS piece
    FROM search.words
    UNION ALL
    SELECT
        0,
        ''
)
GROUP BY piece
ORDER BY piece;
COMMENT ON TABLE search.pieces IS 'For ods_find: three letters in a row, with the words that have them.';

CREATE OR REPLACE TABLE search.texts AS
SELECT
    w.word_id,
    t.text_id,
    least(l.size, 32767)::SMALLINT AS size,
    CASE WHEN t.other_size IS NOT NULL THEN least(t.other_size, 32767)::SMALLINT END AS other_size,
    i.text_id IS NOT NULL AS is_town
FROM words_of_texts AS t
JOIN search.words AS w ON w.word = t.word
JOIN sizes AS l ON l.text_id = t.text_id
LEFT JOIN (
    SELECT DISTINCT x.text_id
    FROM towns AS n
    JOIN texts AS x ON x.text = n.text
) AS i ON i.text_id = t.text_id
ORDER BY w.word_id, t.text_id;
COMMENT ON TABLE search.texts IS
'For ods_find: which names and towns have a word, and the characters of all words of the text (size), or of those that
count where the word stands for others of the text (other_size).';

CREATE OR REPLACE TABLE search.listings AS
SELECT
    n.listing_id::INTEGER AS listing_id,
    n.ods_code,
    n.finder_row,
    n.text_id AS name_id,
    p.text_id AS town_id,
    coalesce(o.record_class = 'RC2', false) AS is_site,
    array_position(
        ['open', 'closing', 'proposed', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], n.openness
    )::TINYINT AS openness_rank,
    (hash(coalesce(o.uprn::VARCHAR, n.address)) % 2147483647)::INTEGER AS place,
    n.former_name,
    n.former_until
FROM (
    SELECT
        f.rowid + 1 AS listing_id,
        f.ods_code,
        f.rowid AS finder_row,
        f.openness,
        f.address,
        t.text_id,
        NULL AS former_name,
        NULL::DATE AS former_until
    FROM marts.code_finder AS f
    LEFT JOIN texts AS t ON t.text = f.name_key
    UNION ALL
    SELECT
        1000000000 + row_number() OVER (ORDER BY f.ods_code, f.text),
        f.ods_code,
        f.finder_row,
        f.openness,
        NULL,
        t.text_id,
        f.former_name,
        f.former_until
    FROM former AS f
    JOIN texts AS t ON t.text = f.text
) AS n
LEFT JOIN ord.organisations AS o ON o.ods_code = n.ods_code
LEFT JOIN (
    SELECT
        w.town,
        x.text_id
    FROM towns AS w
    JOIN texts AS x ON x.text = w.text
) AS p ON p.town = o.town
ORDER BY n.listing_id;
COMMENT ON TABLE search.listings IS
'For ods_find: every code by its name and by each former one, its row in code_finder, the day the name was gone.';

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

-- A postcode is its sector and what follows. Sectors and codes without a digit begin with a space: few rows then have
-- to be read for words, which have no digits.
CREATE OR REPLACE TABLE search.keys AS
SELECT
    key_of(ods_code) AS key,
    '' AS rest,
    finder_row + 1 AS listing_id
FROM search.codes
WHERE ods_code NOT LIKE ' %'
UNION ALL
SELECT
    ' ' || n.postcode[:-4] || ' ' || n.postcode[-3],
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

CREATE OR REPLACE TABLE search.listed_texts AS
SELECT
    text_id,
    is_town,
    list(listing_id ORDER BY listing_id) AS listing_ids
FROM (
    SELECT
        listing_id,
        name_id AS text_id,
        false AS is_town
    FROM search.listings
    UNION ALL
    SELECT
        listing_id,
        town_id,
        true
    FROM search.listings
)
WHERE text_id IS NOT NULL
GROUP BY text_id, is_town
ORDER BY text_id, is_town;
COMMENT ON TABLE search.listed_texts IS 'For ods_find: the listings that have a text as their name, and as their town.';

DROP TABLE former;
DROP TABLE towns;
DROP TABLE texts;
DROP TABLE written;
DROP TABLE own_words;
DROP TABLE sizes;
DROP TABLE initials;
DROP TABLE words_of_texts;
