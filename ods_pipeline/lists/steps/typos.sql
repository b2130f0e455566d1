-- The codes that are one typo away: a character added, left out, changed, or swapped with its neighbour, or any number
-- of characters that look the same.
-- In: unknown. Out: code, ods_code, typo; a row for each way from one to the other.

WITH places AS (
    SELECT unnest(range(1, 14)) AS place
),

-- Each code without one of its characters: two codes that agree here differ in one character.
known_shorter AS MATERIALIZED (
    SELECT
        f.ods_code,
        p.place,
        f.ods_code[:p.place - 1] || f.ods_code[p.place + 1:] AS rest
    FROM marts.code_finder AS f
    JOIN places AS p ON p.place <= length(f.ods_code)
    WHERE (SELECT count(*) FROM unknown) > 0
),

unknown_shorter AS MATERIALIZED (
    SELECT
        u.code,
        p.place,
        u.code[:p.place - 1] || u.code[p.place + 1:] AS rest
    FROM unknown AS u
    JOIN places AS p ON p.place <= length(u.code)
),

-- What the code was before the typo, where that can be computed from the code alone.
before_typo AS (
    SELECT
        code,
        rest AS was,
        'a character too many' AS typo
    FROM unknown_shorter
    UNION ALL
    SELECT
        u.code,
        u.code[:p.place - 1] || u.code[p.place + 1] || u.code[p.place] || u.code[p.place + 2:],
        'two characters swapped'
    FROM unknown AS u
    JOIN places AS p ON p.place < length(u.code)
)

SELECT
    b.code,
    f.ods_code,
    b.typo
FROM before_typo AS b
JOIN marts.code_finder AS f ON f.ods_code = b.was
UNION
SELECT
    u.code,
    k.ods_code,
    'another character'
FROM unknown_shorter AS u
JOIN known_shorter AS k ON k.rest = u.rest AND k.place = u.place
UNION
SELECT
    u.code,
    k.ods_code,
    'a character left out'
FROM unknown AS u
JOIN known_shorter AS k ON k.rest = u.code
UNION
SELECT
    u.code,
    f.ods_code,
    'characters that look the same'
FROM (
    SELECT
        code,
        lookalike_key(code) AS look
    FROM unknown
) AS u
JOIN (
    SELECT
        ods_code,
        lookalike_key(ods_code) AS look
    FROM marts.code_finder
    WHERE (SELECT count(*) FROM unknown) > 0
) AS f ON f.look = u.look
