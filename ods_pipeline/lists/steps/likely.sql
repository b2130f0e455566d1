-- Which codes were likely meant by one that is not held: those of the likeliest typo, and of the requested kind. If
-- they are more than five, none is proposed.
-- In: typos, from_spreadsheet, $kind. Out: code, codes.

WITH ranked AS (
    SELECT
        s.code,
        s.ods_code,
        s.rank
    FROM (
        SELECT
            code,
            ods_code,
            0 AS rank
        FROM from_spreadsheet
        UNION ALL
        SELECT
            code,
            ods_code,
            CASE typo WHEN 'characters that look the same' THEN 1 WHEN 'two characters swapped' THEN 2 ELSE 3 END
        FROM typos
    ) AS s
    JOIN marts.code_finder AS f ON f.ods_code = s.ods_code AND coalesce(f.kind = $kind, true)
)

SELECT
    code,
    list(DISTINCT ods_code ORDER BY ods_code) AS codes
FROM (FROM ranked QUALIFY rank = min(rank) OVER (PARTITION BY code))
GROUP BY code
HAVING len(codes) <= 5
