-- What follows the codes of the list by the day, as successions are recorded: the immediate successors, the ends of
-- the chains, and what is announced.
-- In: codes, $day. Out: code, next_codes, succeeded_from, replaced_by (the ends), ends_words, ahead_words; a row for
-- each code that has a successor.

-- Successions in effect by the day, followed step by step: the crosswalk speaks for today alone.
WITH RECURSIVE begun AS (
    SELECT
        old_code,
        new_code
    FROM marts.succession_edges
    WHERE coalesce(effective_on <= $day, true) AND new_code <> old_code
),

reached AS (
    SELECT
        old_code,
        new_code
    FROM begun
    WHERE old_code IN (SELECT code FROM codes)
    UNION
    SELECT
        r.old_code,
        b.new_code
    FROM reached AS r
    JOIN begun AS b ON b.old_code = r.new_code AND b.new_code <> r.old_code
),

onward AS (
    SELECT
        old_code,
        new_code
    FROM begun
    WHERE old_code IN (SELECT new_code FROM reached)
    UNION
    SELECT
        o.old_code,
        b.new_code
    FROM onward AS o
    JOIN begun AS b ON b.old_code = o.new_code AND b.new_code <> o.old_code
),

-- A code's replacements are the ends of its chains on the day. In a circle each code follows the other: all of them
-- count as ends.
replaced AS (
    SELECT
        r.old_code,
        list(r.new_code ORDER BY r.new_code) AS codes
    FROM reached AS r
    ANTI JOIN (
        SELECT forth.old_code
        FROM onward AS forth
        ANTI JOIN onward AS back ON back.old_code = forth.new_code AND back.new_code = forth.old_code
    ) AS later ON later.old_code = r.new_code
    GROUP BY r.old_code
),

-- The ends in words: a code may have been replaced by one that has closed since, and by no other.
ends AS (
    SELECT
        r.old_code,
        ends_in_words(
            -- One that is not held is named too: what became of it is not known.
            string_agg(r.end_code, ', ' ORDER BY r.end_code) FILTER (WHERE coalesce(f.closed_on > $day, true)),
            string_agg(f.ods_code || ', closed on ' || f.closed_on, ' and ' ORDER BY f.ods_code)
            FILTER (WHERE f.closed_on <= $day)
        ) AS words
    FROM (
        SELECT
            old_code,
            unnest(codes) AS end_code
        FROM replaced
    ) AS r
    LEFT JOIN marts.code_finder AS f ON f.ods_code = r.end_code
    GROUP BY r.old_code
),

-- Successors that have not begun by the day, each with its own, as far as no other way leads to them already.
ahead AS (
    SELECT
        old_code,
        to_be_succeeded_in_words(string_agg(codes || ' from ' || effective_on, ' and ' ORDER BY effective_on)) AS words
    FROM (
        SELECT
            old_code,
            effective_on,
            string_agg(new_code, ', ' ORDER BY new_code) AS codes
        FROM marts.succession_edges AS e
        ANTI JOIN reached AS r ON r.old_code = e.old_code AND r.new_code = e.new_code
        WHERE effective_on > $day AND old_code IN (SELECT code FROM codes)
        GROUP BY old_code, effective_on
    )
    GROUP BY old_code
),

-- The immediate successors on the day, or those to come if none has begun.
next_codes AS (
    SELECT
        old_code,
        list(new_code ORDER BY new_code) FILTER (is_past OR nothing_is_past) AS codes,
        min(effective_on) AS since
    FROM (
        SELECT
            old_code,
            new_code,
            effective_on,
            coalesce(effective_on <= $day, false) AS is_past,
            NOT bool_or(coalesce(effective_on <= $day, false)) OVER (PARTITION BY old_code) AS nothing_is_past
        FROM marts.succession_edges
        WHERE old_code IN (SELECT code FROM codes)
    )
    GROUP BY old_code
)

SELECT
    n.old_code AS code,
    n.codes AS next_codes,
    n.since AS succeeded_from,
    coalesce(r.codes, []) AS replaced_by,
    e.words AS ends_words,
    a.words AS ahead_words
FROM next_codes AS n
LEFT JOIN replaced AS r ON r.old_code = n.old_code
LEFT JOIN ends AS e ON e.old_code = n.old_code
LEFT JOIN ahead AS a ON a.old_code = n.old_code
