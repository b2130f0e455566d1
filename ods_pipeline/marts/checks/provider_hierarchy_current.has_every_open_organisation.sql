-- organisations that are open today
-- Every organisation that is open, closing or closed in law only has a row, and every parent has its name.
SELECT
    'missing' AS problem,
    s.ods_code AS label
FROM marts.organisation_status AS s
ANTI JOIN mart AS m ON m.ods_code = s.ods_code
WHERE s.openness IN ('open', 'closing', 'legally_closed')
UNION ALL
SELECT
    'with a parent but not its name',
    ods_code
FROM mart
WHERE (operator_code IS NOT NULL AND operator_name IS NULL)
    OR (pcn_code IS NOT NULL AND pcn_name IS NULL)
    OR (commissioner_code IS NOT NULL AND commissioner_name IS NULL)
    OR (icb_code IS NOT NULL AND icb_name IS NULL)
    OR (area_code IS NOT NULL AND area_name IS NULL)
    OR (region_code IS NOT NULL AND region_name IS NULL)
