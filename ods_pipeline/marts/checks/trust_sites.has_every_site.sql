-- trust sites
-- Every site of a trust or care trust has a row, and its trust is one.
WITH expected AS (
    SELECT ods_code FROM ord.organisations WHERE primary_role_id IN (ro_trust_site(), ro_care_trust_site())
)

FROM other_codes('expected', site_code)
UNION ALL
SELECT
    'its trust is not a trust',
    m.site_code
FROM mart AS m
JOIN ord.organisations AS o ON o.ods_code = m.trust_code AND o.primary_role_id NOT IN (ro_trust(), ro_care_trust())
