-- The words that people may type for a text, initials and kinds among them, and the texts that have each word.
-- In: code_finder, texts, towns, own_words, sizes. Out: search.words, search.pieces, search.texts.

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
    NULL AS other_size,
    false AS is_kind
FROM own_words
UNION ALL
SELECT
    CASE WHEN t.has_initials THEN i.word ELSE i.initials END AS word,
    t.text_id,
    0,
    max(greatest(1, s.size + (i.size - length(i.initials)) * CASE WHEN t.has_initials THEN 1 ELSE -1 END)),
    false
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

-- A macro, so that DuckDB sees a constant: it would compile any other pattern again for each text.
CREATE OR REPLACE TEMP MACRO name_ending() AS
'(FOUNDATION TRUST|TRUST|INTEGRATED CARE BOARD|HEALTH BOARD|LHB|CLINICAL COMMISSIONING GROUP|'
|| 'COMMISSIONING SUPPORT UNIT|STRATEGIC HEALTH AUTHORITY)$';

-- Trusts and boards are known by the initials of their names: UCLH or UCLHFT, NENC or NENCICB, HIOW with the O of OF,
-- SASH with the A of AND, BCUHB for a local health board (LHB). Two letters are too often something else.
INSERT INTO words_of_texts
SELECT DISTINCT
    n.word,
    n.text_id,
    0,
    length(n.word),
    false
FROM (
    SELECT
        text_id,
        plain_word(
            list_aggregate(
                list_transform(
                    list_filter(string_split(name, ' '), LAMBDA word: NOT list_contains(left_out, word)),
                    LAMBDA word: word[1]
                ),
                'string_agg',
                ''
            )
        ) AS word
    FROM (
        SELECT
            text_id,
            unnest([own_name, own_name || ' ' || ending, own_name, own_name]) AS name,
            unnest([['AND', 'OF', 'THE'], ['AND', 'OF', 'THE'], ['AND'], []]) AS left_out
        FROM (
            SELECT
                text_id,
                regexp_replace(text, '^NHS | (NHS )?' || name_ending(), '', 'g') AS own_name,
                replace(regexp_extract(text, name_ending()), 'LHB', 'HEALTH BOARD') AS ending
            FROM texts
            WHERE regexp_matches(text, ' ' || name_ending())
        )
    )
) AS n
ANTI JOIN own_words AS o ON o.text_id = n.text_id AND o.word = n.word
WHERE length(n.word) > 2;

-- Everyday words for what an organisation is count as words of its name, which may not have them: GP BARNET.
INSERT INTO words_of_texts
SELECT DISTINCT
    k.word,
    t.text_id,
    0,
    NULL::INTEGER,
    true
FROM (
    SELECT
        known.kind,
        plain_word(known.word) AS word
    FROM (
        VALUES
        ('gp_practice', 'GP'),
        ('dental_practice', 'DENTIST'),
        ('pharmacy', 'PHARMACY'),
        ('pharmacy', 'CHEMIST'),
        ('optical_site', 'OPTICIAN'),
        ('prison', 'PRISON')
    ) AS known (kind, word)
) AS k
JOIN marts.code_finder AS f ON f.kind = k.kind
JOIN texts AS t ON t.text = f.name_key
ANTI JOIN own_words AS o ON o.text_id = t.text_id AND o.word = k.word;

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
    least(l.size, 127)::TINYINT AS size,
    CASE WHEN t.other_size IS NOT NULL THEN least(t.other_size, 127)::TINYINT END AS other_size,
    i.text_id IS NOT NULL AS is_town,
    t.is_kind
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
'For ods_find: which names and towns have a word; the characters of all words of the text (size), or of those that
count where the word replaces others of the text (other_size); whether it only describes what an organisation of that name
is (is_kind).';

DROP TABLE own_words;
DROP TABLE sizes;
DROP TABLE initials;
DROP TABLE words_of_texts;
DROP MACRO name_ending;
