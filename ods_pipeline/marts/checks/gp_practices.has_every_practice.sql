-- practices
-- A prescribing cost centre with the role GP PRACTICE and no end has a row; one that never had the role has none.
WITH ever AS (
    SELECT DISTINCT o.ods_code
    FROM ord.organisations AS o
    JOIN ord.roles AS r ON r.ods_code = o.ods_code AND r.role_id = ro_gp_practice()
    WHERE o.primary_role_id = ro_prescribing_cost_centre()
),

without_end AS (
    SELECT DISTINCT o.ods_code
    FROM ord.organisations AS o
    JOIN ord.roles AS r ON r.ods_code = o.ods_code AND r.role_id = ro_gp_practice()
    WHERE o.primary_role_id = ro_prescribing_cost_centre()
        AND r.operational_end IS NULL AND r.legal_end IS NULL AND r.status = 'Active'
        AND r.operational_start <= ods_today()
)

SELECT
    'missing' AS problem,
    ods_code AS label
FROM (
    FROM without_end
    EXCEPT
    SELECT ods_code FROM mart
)
UNION ALL
SELECT
    'never a practice',
    ods_code
FROM (
    SELECT ods_code FROM mart
    EXCEPT
    FROM ever
)
