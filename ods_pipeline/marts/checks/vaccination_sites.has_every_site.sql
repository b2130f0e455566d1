-- vaccination sites
WITH expected AS (
    SELECT ods_code FROM ord.organisations WHERE primary_role_id = 'RO280'
    UNION
    SELECT ods_code FROM ord.roles WHERE role_id = 'RO279' AND operational_start IS NOT NULL
)

SELECT 'missing' AS problem, ods_code AS label
FROM (FROM expected EXCEPT SELECT site_code FROM mart)
UNION ALL
SELECT 'too many', site_code
FROM (SELECT site_code FROM mart EXCEPT FROM expected)
UNION ALL
SELECT 'overlaps', a.site_code || ' ' || a.valid_from
FROM mart AS a
JOIN mart AS b ON b.site_code = a.site_code AND b.valid_from > a.valid_from AND coalesce(a.valid_to > b.valid_from, true)
