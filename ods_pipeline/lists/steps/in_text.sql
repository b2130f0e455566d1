-- Held codes in a cell with other text: RKE (Whittington Health). Words can look like codes of three letters, so one
-- without a digit counts in capitals only, and at either end of the cell unless all words of the cell are held codes.
-- If they are more than five, none is proposed.
-- In: listed, codes, held, $kind. Out: code, codes.

WITH words_in_text AS (
    SELECT
        code,
        unnest(words) AS word,
        generate_subscripts(words, 1) IN (1, len(words)) AS is_at_end
    FROM (
        SELECT DISTINCT
            l.code,
            string_split(trim(regexp_replace(l.given, '[^A-Za-z0-9]+', ' ', 'g')), ' ') AS words
        FROM listed AS l
        JOIN codes AS c ON c.code = l.code
        WHERE
            (
                c.form IN ('words', 'other')
                OR (c.form = 'code' AND regexp_matches(l.given, '[A-Za-z0-9][^A-Za-z0-9]+[A-Za-z0-9]'))
            )
            AND l.code NOT IN (SELECT code FROM held)
    )
)

SELECT
    code,
    list(DISTINCT ods_code ORDER BY ods_code) AS codes
FROM (
    SELECT
        w.code,
        f.ods_code,
        regexp_matches(w.word, '[0-9]') OR (
            w.word = upper(w.word)
            AND (w.is_at_end OR bool_and(f.ods_code IS NOT NULL) OVER (PARTITION BY w.code))
        ) AS counts
    FROM words_in_text AS w
    LEFT JOIN marts.code_finder AS f ON f.ods_code = upper(w.word) AND coalesce(f.kind = $kind, true)
)
WHERE counts AND ods_code IS NOT NULL
GROUP BY code
HAVING len(codes) <= 5
