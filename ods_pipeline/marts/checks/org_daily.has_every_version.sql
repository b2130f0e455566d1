-- organisations in the shape of the reference data
-- Every organisation of today has one row without an end, no other has one, and no two rows of one hold on one day.
WITH ordered AS (
    SELECT
        *,
        lead(business_start_date) OVER (PARTITION BY org_code ORDER BY business_start_date) AS next_start
    FROM mart
)

SELECT
    'rows on one day' AS problem,
    org_code AS label
FROM ordered
WHERE next_start IS NOT NULL AND coalesce(business_end_date >= next_start, true)
UNION ALL
SELECT
    'missing today',
    ods_code
FROM (
    SELECT ods_code FROM ord.organisations
    EXCEPT
    SELECT org_code FROM mart WHERE business_end_date IS NULL
)
UNION ALL
SELECT
    'not of today',
    org_code
FROM (
    SELECT org_code FROM mart WHERE business_end_date IS NULL
    EXCEPT
    SELECT ods_code FROM ord.organisations
)
