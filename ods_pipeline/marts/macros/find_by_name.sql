-- Steps of ods_find (ods_find.sql): which words of the register the typed words may stand for, and which names and
-- towns have them.

-- Candidates: words of the register that have three letters in a row with a typed word in common (shared: how often).
-- Few then have to be compared with it. The two letters in the middle of a word of four may be swapped.
CREATE MACRO find_candidates(entry) AS TABLE
    SELECT
        place,
        is_pair,
        word,
        size,
        letters,
        most,
        word_id,
        any_value(has_postcode) AS has_postcode,
        count(*) AS shared
    FROM (
        SELECT
            t.place,
            t.has_postcode,
            t.is_pair,
            t.word,
            t.size,
            t.letters,
            t.most,
            unnest(p.word_ids) AS word_id
        FROM (
            SELECT
                *,
                unnest(
                    [
                        three_letters(word, nth),
                        CASE WHEN nth = 1 AND NOT is_pair THEN '' END,
                        CASE
                            WHEN nth < 3 AND size = 4 THEN three_letters(word[1] || word[3] || word[2] || word[4], nth)
                        END
                    ]
                ) AS piece
            FROM (
                SELECT
                    *,
                    unnest(range(1, size + 1)) AS nth
                FROM find_words(entry)
            )
        ) AS t
        JOIN search.pieces AS p ON p.piece = t.piece
    )
    GROUP BY place, is_pair, word, size, letters, most, word_id;

-- For each typed word, the words of the register that it may stand for, and how well (quality, from 0 to 1): the same
-- word, its beginning or a part of it, a typo; two words that are one there, and one word that is several, whose parts
-- add up (part_quality, part_size). Rare words weigh more. weights has the weights of all typed words (weight_bits),
-- and from bit 48 on their sum. Only the fifty likest of the words that begin alike count.
--
-- A part is in the typed word after part_from characters: where it first is, or at the end. A plural, as in
-- LLOYDSPHARMACY, is a character longer than the word of the register, and an AND is no word of it (part_ends). Only
-- parts count that have others, or the end of the word, on both sides: begins and ends are bits of all places where a
-- part begins, or ends.
CREATE MACRO find_spellings(entry) AS TABLE
    SELECT
        bit_of(place) AS place_bit,
        word_id,
        CASE WHEN is_part THEN 0 ELSE size END AS size,
        CASE WHEN is_part THEN size ELSE 0 END AS part_size,
        CASE WHEN is_part THEN 0 ELSE quality END AS quality,
        CASE WHEN is_part THEN quality ELSE 0 END AS part_quality,
        has_postcode,
        weight,
        (
            sum(CASE WHEN likeness = 1 THEN (weight << 48) + weight_bits(weight, place) END) OVER ()
        )::BIGINT AS weights
    FROM (
        SELECT
            *,
            row_number() OVER (PARTITION BY place ORDER BY quality DESC, texts, word_id, size, is_part) AS likeness,
            first_value(
                CASE
                    WHEN is_article THEN 1::BIGINT
                    WHEN quality > 0 THEN least(15, greatest(1, round(ln(1000000 / texts))))::BIGINT
                    ELSE 9::BIGINT
                END
            )
                OVER (PARTITION BY place ORDER BY quality DESC, texts, word_id, size, is_part) AS weight
        FROM (
            SELECT
                unnest(CASE WHEN is_pair THEN [place, place + 1] ELSE [place] END) AS place,
                has_postcode,
                word_id,
                texts,
                is_part,
                word = 'THE' AS is_article,
                CASE
                    WHEN is_pair THEN size / 2 WHEN is_part THEN word_size(known_word) ELSE word_size(word)
                END AS size,
                CASE
                    WHEN word_id = 0 THEN 0
                    WHEN is_part
                        THEN 0.97 / size * (last_bit(part_ends & (begins | bit_at(size))) - part_from)
                    WHEN known_word = word AND is_pair THEN 0.97
                    WHEN known_word = word THEN 1
                    WHEN starts_with(known_word, word) THEN 0.9 - 0.01 * least(10, length(known_word) - size)
                    WHEN contains(known_word, word) THEN 0.7
                    ELSE 0.9 - 0.1 * damerau_levenshtein(known_word, word)
                END AS quality
            FROM (
                SELECT
                    *,
                    bit_or(bit_at(part_from)) OVER (PARTITION BY place) AS begins,
                    bit_or(part_ends) OVER (PARTITION BY place) AS ends
                FROM (
                    SELECT
                        *,
                        ends_of_part(
                            part_from + length(known_word), word[part_from + length(known_word) + 1:]
                        ) AS part_ends
                    FROM (
                        SELECT
                            *,
                            unnest(
                                CASE
                                    WHEN NOT is_part THEN [NULL]
                                    WHEN ends_with(word, known_word)
                                        THEN list_distinct([strpos(word, known_word) - 1, size - length(known_word)])
                                    ELSE [strpos(word, known_word) - 1]
                                END
                            ) AS part_from
                        FROM (
                            SELECT
                                c.place,
                                c.has_postcode,
                                c.is_pair,
                                c.word,
                                c.size,
                                w.word_id,
                                w.texts,
                                w.word AS known_word,
                                c.size > 4 AND length(w.word) BETWEEN 2 AND c.size - 2 AND NOT c.is_pair
                                AND contains(c.word, w.word) AS is_part
                            FROM find_candidates(entry) AS c
                            JOIN search.words AS w ON w.word_id = c.word_id
                            -- Comparing two words fully is slow, so it comes last.
                            WHERE CASE
                                    WHEN w.word_id = 0 OR w.word = c.word THEN true
                                    WHEN NOT c.is_pair AND contains(w.word, c.word)
                                        THEN c.size > 3 OR (c.size > 1 AND starts_with(w.word, c.word))
                                    WHEN c.shared < 2 AND c.size >= 8 AND length(w.word) > 3 THEN false
                                    WHEN NOT c.is_pair AND c.size > 4 AND length(w.word) BETWEEN 2 AND c.size - 2
                                        AND contains(c.word, w.word) THEN true
                                    WHEN c.most > 0 AND abs(length(w.word) - c.size) <= c.most
                                        AND bit_count(xor(w.letters, c.letters)) <= 2 * c.most
                                        THEN damerau_levenshtein(w.word, c.word) <= c.most
                                END
                        )
                    )
                )
            )
            WHERE NOT is_part OR (
                    (part_from = 0 OR has_bit(ends, part_from))
                    AND (part_ends & (begins | bit_at(size))) <> 0
                )
        )
    )
    WHERE likeness <= 50 OR is_part;

-- The names and towns that have some of the typed words, the likest of them and all towns: which words (mask), which
-- of them as typed (exact_mask), the sum of their weights by quality (got), and the share of the text that they make
-- up (covered); whether initials were typed for words of it (spelling -1), or words for initials (1), or neither (0).
-- At least a thousand are kept, so that towns, codes and openness can choose among names alike, and those typed as a
-- whole: next to a town of several words, names with these words have more of what was typed. Next to a town or
-- postcode (got_next_to: what that has) a name may have little: PHARMACY DUKINFIELD asks for all that are there and
-- have PHARMACY in their name. is_near: it has enough to be a name that was meant. is_kind: only the kind matches.
-- name_words: the words that are as typed in any of these texts. towns: those of them that are towns, and in the same
-- order words_of_towns, two dozen bits each: the words of the town, and those of them as typed. Sums are rounded: their
-- last digit depends on the order in which threads add, and would decide between texts alike.
CREATE MACRO find_texts(entry, rows_wanted) AS TABLE
    SELECT
        *,
        got > 0.4 * best_got OR (got_next_to > 0 AND got + got_next_to >= 0.8 * best_got) AS is_near,
        bit_or(exact_mask) OVER () AS name_words,
        list(text_id) FILTER (WHERE is_town) OVER () AS towns,
        list(mask | (exact_mask::BIGINT << 12)) FILTER (WHERE is_town) OVER () AS words_of_towns
    FROM (
        SELECT
            *,
            max(got) OVER () AS best_got,
            max(CASE WHEN is_town AND covered > 0.6 THEN got ELSE 0 END) OVER ()
            + 9 * has_postcode::INTEGER AS got_next_to
        FROM (
            SELECT
                text_id,
                is_town,
                weights,
                has_postcode,
                round(sum(weight * quality), 9) AS got,
                bit_or(place_bit) AS mask,
                bit_or(CASE WHEN quality >= 0.96 THEN place_bit ELSE 0 END) AS exact_mask,
                bool_and(is_kind) AS is_kind,
                round(least(1, sum(size * quality) / coalesce(max(other_size), text_size)), 9) AS covered,
                coalesce(sign(max(other_size) - text_size), 0) AS spelling
            FROM (
                SELECT
                    x.text_id,
                    x.size AS text_size,
                    x.is_town,
                    s.place_bit,
                    s.weight,
                    s.weights,
                    s.has_postcode,
                    max(x.other_size) AS other_size,
                    bool_and(x.is_kind) AS is_kind,
                    least(1, greatest(max(s.quality), sum(s.part_quality))) AS quality,
                    greatest(max(s.size), sum(s.part_size)) AS size
                FROM find_spellings(entry) AS s
                JOIN search.texts AS x ON x.word_id = s.word_id
                -- What goes with a text, a place or the whole question is a key too: less work than a column to sum up.
                GROUP BY x.text_id, x.size, x.is_town, s.place_bit, s.weight, s.weights, s.has_postcode
            )
            GROUP BY text_id, text_size, is_town, weights, has_postcode
        )
    )
    WHERE is_near OR (is_town AND covered > 0.6)
    QUALIFY is_town
        OR got_next_to > 0
        OR covered > 0.9
        OR row_number() OVER (ORDER BY got DESC, covered DESC, text_id) <= greatest(rows_wanted, 1000);
