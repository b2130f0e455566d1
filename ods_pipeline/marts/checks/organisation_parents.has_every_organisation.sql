-- parents of every organisation
-- Every organisation has a row; one that another operates today, by its relationships, shows an operator.
WITH expected AS (
    SELECT ods_code FROM ord.organisations
)

FROM other_codes('expected', ods_code)
UNION ALL
-- Open organisations with an operating relationship today that points at another than a commissioner.
SELECT
    'operated, but not shown so',
    r.ods_code
FROM ord.relationships AS r
JOIN ord.organisations AS o
    ON o.ods_code = r.ods_code
    AND o.operational_end IS NULL AND o.legal_end IS NULL AND o.status = 'Active'
JOIN ord.organisations AS parent
    ON parent.ods_code = r.target_ods_code
    AND parent.primary_role_id NOT IN (ro_ccg(), ro_icb())
JOIN mart AS m ON m.ods_code = r.ods_code
WHERE r.rel_id = re_operated_by() AND r.operational_start <= ods_today()
    AND r.operational_end IS NULL AND r.status = 'Active'
    AND o.operational_start <= ods_today() AND r.ods_code <> r.target_ods_code AND m.operator_code IS NULL
