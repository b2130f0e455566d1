-- social care sites
-- Every site has a row. Its siblings are the other open sites of its head office.
WITH expected AS (
    SELECT ods_code FROM ord.organisations WHERE primary_role_id = ro_social_care_site()
)

FROM other_codes('expected', site_code)
UNION ALL
SELECT
    'siblings miscounted',
    a.site_code
FROM mart AS a
WHERE a.sibling_count <> (
        SELECT count(*)
        FROM mart AS b
        WHERE b.hq_code = a.hq_code AND b.site_code <> a.site_code AND b.openness IN ('open', 'closing')
    )
