-- closed codes
-- Every code that must be in closed_codes is there, by its dates themselves and not through openness_on.
-- Inactive closes only what ODS gives no end and had begun when its record was stamped, and not before that day.
WITH expected AS (
    SELECT ods_code
    FROM ord.organisations
    WHERE coalesce(operational_start, legal_start, ods_today()) <= ods_today()
        AND (
            operational_end < ods_today() OR legal_end < ods_today()
            OR (
                status = 'Inactive' AND operational_end IS NULL
                AND (operational_start IS NOT NULL OR legal_end IS NULL)
                AND coalesce(greatest(operational_start, legal_start) <= last_change_date, true)
                AND coalesce(last_change_date <= ods_today(), true)
            )
        )
    UNION
    SELECT ods_code
    FROM ord.deletions
    WHERE state = 'confirmed'
)

FROM other_codes('expected', ods_code)
