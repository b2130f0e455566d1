-- Names, former names and towns as texts, each once, and their words in one spelling.
-- In: code_finder, history.organisations, organisations. Out: the temporary tables former, towns, texts, own_words,
-- sizes.

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

DROP TABLE written;
