-- codes and their state
-- Every code held or deleted has a row; what is said of it agrees with its dates, worked out from them alone.
WITH expected AS (
    SELECT ods_code FROM ord.organisations
    UNION
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

SELECT 'missing' AS problem, ods_code AS label
FROM (SELECT ods_code FROM expected EXCEPT SELECT ods_code FROM mart)
UNION ALL
SELECT 'too many', ods_code
FROM (SELECT ods_code FROM mart EXCEPT SELECT ods_code FROM expected)
UNION ALL
SELECT 'open after its last day', ods_code
FROM mart
WHERE openness IN ('open', 'closing') AND closes_on < ods_today()
UNION ALL
SELECT 'closed before its last day', ods_code
FROM mart
WHERE openness IN ('closed', 'legally_closed') AND closes_on >= ods_today()
