-- bodies of these kinds
-- Every body that must have a row, with the kinds written out once more: if kinds.csv changes, this must too.
WITH expected AS (
    SELECT ods_code
    FROM ord.organisations AS o
    WHERE primary_role_id IN ('RO197', 'RO107', 'RO198', 'RO272', 'RO104', 'RO101')
        OR (
            primary_role_id = 'RO177'
            AND EXISTS (FROM ord.roles AS r WHERE r.ods_code = o.ods_code AND r.role_id = 'RO76')
        )
)

SELECT 'missing' AS problem, ods_code AS label
FROM (SELECT ods_code FROM expected EXCEPT SELECT ods_code FROM mart)
UNION ALL
SELECT 'too many', ods_code
FROM (SELECT ods_code FROM mart EXCEPT SELECT ods_code FROM expected)
