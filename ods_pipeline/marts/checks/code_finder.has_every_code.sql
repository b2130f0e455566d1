-- codes to be found
-- Every code held or deleted has a row, and every postcode with a letter or digit has a key.
WITH expected AS (
    SELECT ods_code FROM ord.organisations
    UNION ALL
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

FROM other_codes('expected', ods_code)
UNION ALL
SELECT
    'postcode without key',
    ods_code
FROM mart
WHERE (postcode IS NULL AND postcode_key IS NOT NULL) OR postcode_key LIKE '% %'
    OR (regexp_matches(postcode, '[A-Za-z0-9]') AND postcode_key IS NULL)
