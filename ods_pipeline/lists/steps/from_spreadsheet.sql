-- The codes that a spreadsheet may have made a number or a date of: 15E00 is shown as 1.50E+01, MAR03 as Mar-03.
-- In: unknown. Out: code, ods_code.

-- Numbers, and as many decimals of their scientific form as are shown: 9.08E+06 may be any number from 9.075 million.
WITH numbers AS MATERIALIZED (
    SELECT
        code,
        try_cast(code AS DOUBLE) AS number,
        try_cast(split_part(code, '+', 2) AS INTEGER) AS exponent,
        length(regexp_extract(code, '[.]([0-9]+)E', 1)) AS decimals
    FROM unknown
    WHERE form IN ('number', 'scientific')
),

-- Codes that a spreadsheet takes for a number: 15E00, 015E0 and 15E0 are all 15.
known_numbers AS (
    SELECT
        ods_code,
        try_cast(ods_code AS DOUBLE) AS number
    FROM marts.code_finder
    WHERE (SELECT count(*) FROM numbers) > 0 AND regexp_full_match(ods_code, '[0-9]+E[0-9]+')
),

before_spreadsheet AS (
    SELECT
        code,
        unnest(codes_before_spreadsheet(code, form)) AS was
    FROM unknown
)

SELECT
    b.code,
    f.ods_code
FROM before_spreadsheet AS b
JOIN marts.code_finder AS f ON f.ods_code = b.was
UNION
-- A spreadsheet keeps fifteen digits. One that is rounded up to 1.00E+07 is less than that by half of a smaller digit.
SELECT
    n.code,
    k.ods_code
FROM numbers AS n
JOIN known_numbers AS k
    ON abs(k.number - n.number) <= greatest(
        n.number * 1e-14,
        coalesce(0.5 * power(10, n.exponent - n.decimals - (k.number < power(10, n.exponent))::INTEGER), 0)
    ) * (1 + 1e-9)
