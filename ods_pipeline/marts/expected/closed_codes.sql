-- Every code that must be in closed_codes, from the dates themselves and not through openness_on.
SELECT ods_code
FROM ord.organisations
WHERE coalesce(operational_start <= today(), true)
    AND (operational_end < today() OR legal_end < today() OR (status = 'Inactive' AND operational_end IS NULL))
UNION
SELECT ods_code
FROM ord.deletions
WHERE state = 'confirmed'
