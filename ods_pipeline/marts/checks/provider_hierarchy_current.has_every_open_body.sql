-- bodies that are open today
-- Every body that is open, closing or closed in law only has a row, and every name is there.
SELECT 'missing' AS problem, ods_code AS label
FROM marts.organisation_status
WHERE openness IN ('open', 'closing', 'legally_closed') AND ods_code NOT IN (SELECT ods_code FROM mart)
UNION ALL
SELECT 'with a parent but not its name', ods_code
FROM mart
WHERE (operator_code IS NOT NULL AND operator_name IS NULL)
    OR (pcn_code IS NOT NULL AND pcn_name IS NULL)
    OR (commissioner_code IS NOT NULL AND commissioner_name IS NULL)
    OR (icb_code IS NOT NULL AND icb_name IS NULL)
    OR (region_code IS NOT NULL AND region_name IS NULL)
