-- kinds of organisations over time
-- Every organisation has rows, one after the other without gap or overlap, the last one without end.
WITH ordered AS (
    SELECT
        *,
        lead(valid_from) OVER (PARTITION BY ods_code ORDER BY valid_from) AS next_from
    FROM mart
)

SELECT
    'gap or overlap' AS problem,
    ods_code AS label
FROM ordered
WHERE valid_to IS DISTINCT FROM next_from
UNION ALL
SELECT
    'without a kind',
    ods_code
FROM (
    SELECT ods_code FROM ord.organisations
    EXCEPT
    SELECT ods_code FROM mart
)
