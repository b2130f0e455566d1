-- Steps of ods_find (ods_find.sql): what was typed, which words of the register it may stand for, and which names and
-- towns have them.

-- A typed text: as a code, its postcode, and the other words.
CREATE MACRO find_question(entry) AS TABLE
    SELECT
        max(code) AS code,
        max(postcode) AS postcode,
        max(
            string_split(
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
        ) AS words
    FROM (
        SELECT
            code,
            words,
            CASE WHEN is_postcode_key(code) THEN code ELSE postcode_within(words) END AS postcode
        FROM (
            SELECT
                max(code) AS code,
                max(words) AS words
            FROM (
                SELECT
                    code_key(entry) AS code,
                    words_between(entry, other_characters()) AS words
            )
        )
    );

-- For each typed word, the words of the register that it may stand for, and how well (quality, from 0 to 1): the same
-- word, its beginning or a part of it, a typo; two words that are one there, and one word that is two (is_part). Rare
-- words weigh more. weights has the weight of every typed word, word n in four bits from 4 * (n - 1) on.
CREATE MACRO find_spellings(entry) AS TABLE
    SELECT
        place,
        word_id,
        is_part,
        size,
        quality,
        weight,
        (sum(CASE WHEN is_best THEN weight << (4 * (place - 1)) END) OVER ())::BIGINT AS weights
    FROM (
        SELECT
            *,
            row_number() OVER (PARTITION BY place ORDER BY quality DESC, texts, word_id) = 1 AS is_best,
            first_value(
                CASE WHEN quality > 0 THEN least(15, greatest(1, round(ln(1000000 / texts))))::BIGINT ELSE 9::BIGINT END
            )
                OVER (PARTITION BY place ORDER BY quality DESC, texts, word_id) AS weight
        FROM (
            SELECT
                unnest(CASE WHEN is_pair THEN [place, place + 1] ELSE [place] END) AS place,
                word_id,
                texts,
                is_part,
                CASE WHEN is_pair THEN size / 2 WHEN is_part THEN length(known_word) ELSE size END AS size,
                CASE
                    WHEN word_id = 0 THEN 0
                    WHEN is_part THEN 0.97 * length(known_word) / size
                    WHEN known_word = word AND is_pair THEN 0.97
                    WHEN known_word = word THEN 1
                    WHEN starts_with(known_word, word) THEN 0.9 - 0.01 * least(10, length(known_word) - size)
                    WHEN contains(known_word, word) THEN 0.7
                    ELSE 0.9 - 0.1 * damerau_levenshtein(known_word, word)
                END AS quality
            FROM (
                SELECT
                    *,
                    max(is_start::INTEGER) OVER (PARTITION BY place, cut) AS starts,
                    min(is_start::INTEGER) OVER (PARTITION BY place, cut) AS ends
                FROM (
                    SELECT
                        *,
                        CASE
                            WHEN is_part AND is_start THEN length(known_word)
                            WHEN is_part THEN size - length(known_word)
                        END AS cut
                    FROM (
                        SELECT
                            t.place,
                            t.is_pair,
                            t.word,
                            t.size,
                            w.word_id,
                            w.texts,
                            w.word AS known_word,
                            length(w.word) BETWEEN 2 AND t.size - 2
                            AND NOT t.is_pair
                            AND (starts_with(t.word, w.word) OR ends_with(t.word, w.word)) AS is_part,
                            starts_with(t.word, w.word) AS is_start
                        FROM (
                            SELECT
                                place,
                                is_pair,
                                word,
                                length(word) AS size,
                                letters_in(word) AS letters,
                                typos_allowed(word) AS most,
                                left(word, length(word) // 3) AS head,
                                word[length(word) // 3 + 1:length(word) - length(word) // 3] AS middle,
                                right(word, length(word) // 3) AS tail
                            FROM (
                                SELECT
                                    place,
                                    is_pair,
                                    plain_word(typed) AS word
                                FROM (
                                    SELECT
                                        place,
                                        unnest([false, true]) AS is_pair,
                                        unnest([typed, typed || following]) AS typed
                                    FROM (
                                        SELECT
                                            unnest(range(1, len(words) + 1)) AS place,
                                            unnest(words) AS typed,
                                            unnest(words[2:]) AS following
                                        FROM find_question(entry)
                                    )
                                )
                            )
                            WHERE word <> '' AND (NOT is_pair OR length(word) > 4)
                        ) AS t
                        -- Comparing two words fully is slow, so cheap tests come first: a word with a typo has nearly
                        -- the same letters, and its beginning, its middle or its end is as it was.
                        JOIN search.words AS w
                            ON CASE
                                WHEN w.word_id = 0 THEN NOT t.is_pair
                                WHEN w.word = t.word THEN true
                                WHEN NOT t.is_pair AND contains(w.word, t.word)
                                    THEN t.size > 3 OR (t.size > 1 AND starts_with(w.word, t.word))
                                WHEN NOT t.is_pair AND t.size > 4 AND length(w.word) BETWEEN 2 AND t.size - 2
                                    THEN starts_with(t.word, w.word) OR ends_with(t.word, w.word)
                                        OR (
                                            t.most = 2 AND length(w.word) = t.size - 2
                                            AND bit_count(xor(w.letters, t.letters)) <= 4
                                            AND damerau_levenshtein(w.word, t.word) <= 2
                                        )
                                WHEN t.most > 0 AND abs(length(w.word) - t.size) <= t.most
                                    AND bit_count(xor(w.letters, t.letters)) <= 2 * t.most
                                    THEN (
                                        starts_with(w.word, t.head)
                                        OR ends_with(w.word, t.tail)
                                        OR contains(w.word, t.middle)
                                    )
                                    AND damerau_levenshtein(w.word, t.word) <= t.most
                            END
                    )
                )
            )
            WHERE NOT is_part OR (starts = 1 AND ends = 0)
        )
    );

-- The names and towns that have some of the typed words: which words (mask), which of them as typed (exact_mask), the
-- sum of their weights by quality (got), and the share of the text that they make up (covered).
CREATE MACRO find_texts(entry) AS TABLE
    SELECT
        text_id,
        sum(weight * quality) AS got,
        sum(bit_of(place))::INTEGER AS mask,
        sum(CASE WHEN quality >= 0.96 THEN bit_of(place) ELSE 0 END)::INTEGER AS exact_mask,
        least(1, sum(size * quality) / text_size) AS covered,
        weights,
        max(sum(weight * quality)) OVER () AS best_got
    FROM (
        SELECT
            x.text_id,
            x.size AS text_size,
            s.place,
            s.weights,
            max(s.weight) AS weight,
            least(
                1,
                greatest(
                    coalesce(max(s.quality) FILTER (WHERE NOT s.is_part), 0),
                    coalesce(sum(s.quality) FILTER (WHERE s.is_part), 0)
                )
            ) AS quality,
            greatest(
                coalesce(max(s.size) FILTER (WHERE NOT s.is_part), 0), coalesce(sum(s.size) FILTER (WHERE s.is_part), 0)
            ) AS size
        FROM find_spellings(entry) AS s
        JOIN search.texts AS x ON x.word_id = s.word_id
        GROUP BY x.text_id, x.size, s.place, s.weights
    )
    GROUP BY text_id, text_size, weights;
