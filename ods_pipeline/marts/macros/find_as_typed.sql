-- Steps of ods_find (ods_find.sql): what was typed, as a code, a postcode and words.

-- A typed text: as a code, with whatever punctuation or odd characters it has (code_as_typed), and as words. All as
-- one value: several steps use different fields of it, and DuckDB only then sees that they need the same, and works it
-- out once.
CREATE MACRO find_typed(entry) AS TABLE
    SELECT
        typed.code,
        typed.code_as_typed,
        typed.words
    FROM (
        SELECT
            max(
                {
                    'code': bare_key(key),
                    'code_as_typed': CASE WHEN strlen(as_typed) = length(as_typed) THEN key ELSE as_typed END,
                    'words': words
                }
            ) AS typed
        FROM (
            SELECT
                max(visible_key(plain)) AS key,
                max(words_between(plain, other_characters_of(plain))) AS words,
                max(upper(trim(typed))) AS as_typed
            FROM (
                SELECT
                    typed,
                    plain_text(typed) AS plain
                FROM (SELECT unnest([entry]) AS typed)
            )
        )
    );

-- A typed text: as a code, its postcode, and the other words. One value, too, for the same reason.
CREATE MACRO find_question(entry) AS TABLE
    SELECT
        question.code,
        question.code_as_typed,
        question.postcode,
        question.words
    FROM (
        SELECT
            max(
                {
                    'code': code,
                    'code_as_typed': code_as_typed,
                    'postcode': postcode,
                    'words': string_split(
                        trim(
                            replace(
                                replace(
                                    CASE
                                        WHEN postcode = '' THEN ' ' || words || ' '
                                        WHEN postcode = code THEN ''
                                        ELSE replace(' ' || words || ' ', ' ' || postcode || ' ', '  ')
                                    END, ' AND ', ' '
                                ), '  ', ' '
                            )
                        ), ' '
                    )[:12]
                }
            ) AS question
        FROM (
            SELECT
                *,
                CASE
                    WHEN is_postcode_key(code) THEN code
                    ELSE coalesce(nullif(postcode_within(words), ''), postcode_like(words))
                END AS postcode
            FROM find_typed(entry)
        )
    );

-- The typed words, and each pair of neighbours as one word (is_pair), in one spelling; whether there is a postcode.
CREATE MACRO find_words(entry) AS TABLE
    SELECT
        place,
        is_pair,
        word,
        any_value(has_postcode) AS has_postcode,
        length(word) AS size,
        bit_or(bit_of_character(letter)) AS letters,
        typos_allowed(word) AS most
    FROM (
        SELECT
            place,
            is_pair,
            word,
            has_postcode,
            -- Not in a WHERE: DuckDB would copy the expression behind each word into it.
            unnest(
                CASE WHEN word <> '' AND (NOT is_pair OR length(word) > 4) THEN string_split(word, '') ELSE [] END
            ) AS letter
        FROM (
            SELECT
                place,
                is_pair,
                plain_word(typed) AS word,
                has_postcode
            FROM (
                SELECT
                    place,
                    has_postcode,
                    unnest([false, true]) AS is_pair,
                    unnest([typed, typed || following]) AS typed
                FROM (
                    SELECT
                        postcode <> '' AS has_postcode,
                        unnest(range(1, len(words) + 1)) AS place,
                        unnest(words) AS typed,
                        unnest(words[2:]) AS following
                    FROM find_question(entry)
                )
            )
        )
    )
    GROUP BY place, is_pair, word;
