-- parents of every organisation
SELECT 'missing' AS problem, ods_code AS label
FROM (SELECT ods_code FROM ord.organisations EXCEPT SELECT ods_code FROM mart)
UNION ALL
SELECT 'too many', ods_code
FROM (SELECT ods_code FROM mart EXCEPT SELECT ods_code FROM ord.organisations)
UNION ALL
-- Whoever is open and has an operating relationship today that points at a body other than a commissioner.
SELECT 'operated, but not shown so', r.ods_code
FROM ord.relationships AS r
JOIN ord.organisations AS o ON o.ods_code = r.ods_code AND o.operational_end IS NULL AND o.legal_end IS NULL AND o.status = 'Active'
JOIN ord.organisations AS parent ON parent.ods_code = r.target_ods_code AND parent.primary_role_id NOT IN ('RO98', 'RO261')
JOIN mart AS m ON m.ods_code = r.ods_code
WHERE r.rel_id = 'RE6' AND r.operational_start <= ods_today() AND r.operational_end IS NULL AND r.status = 'Active'
    AND o.operational_start <= ods_today() AND r.ods_code <> r.target_ods_code AND m.operator_code IS NULL
