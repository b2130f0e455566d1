-- codes to be found
WITH expected AS (
    SELECT ods_code FROM ord.organisations
    UNION
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

SELECT 'missing' AS problem, ods_code AS label
FROM (FROM expected EXCEPT SELECT ods_code FROM mart)
UNION ALL
SELECT 'too many', ods_code
FROM (SELECT ods_code FROM mart EXCEPT FROM expected)
UNION ALL
-- Of a postcode in which no letter and no digit stands there may be nothing to look up.
SELECT 'postcode without key', ods_code
FROM mart
WHERE (postcode IS NULL AND postcode_key IS NOT NULL) OR postcode_key LIKE '% %'
    OR (regexp_matches(postcode, '[A-Za-z0-9]') AND postcode_key IS NULL)
