-- codes and their state
-- Every code held or deleted has a row, and its openness agrees with its dates alone.
WITH expected AS (
    SELECT ods_code FROM ord.organisations
    UNION ALL
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

FROM other_codes('expected', ods_code)
UNION ALL
SELECT
    'open after its last day',
    ods_code
FROM mart
WHERE openness IN ('open', 'closing') AND closes_on < ods_today()
UNION ALL
SELECT
    'closed before its last day',
    ods_code
FROM mart
WHERE openness IN ('closed', 'legally_closed') AND closes_on >= ods_today()
