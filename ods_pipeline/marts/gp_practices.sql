-- GP practices, open and closed, with the parents they have today; closed ones with those they had last. A practice is
-- a prescribing cost centre while it has the role GP PRACTICE, which is its prescribing setting.

WITH settings AS (
    SELECT
        ods_code,
        role_id,
        role_name
    FROM ord.roles
    WHERE NOT is_primary AND role_id = ro_gp_practice()
    QUALIFY row_number() OVER (
            PARTITION BY ods_code ORDER BY operational_start DESC NULLS LAST, unique_role_id DESC
        ) = 1
)

SELECT
    s.ods_code,
    s.name,
    s.openness,
    p.pcn_code,
    pcn.name AS pcn_name,
    p.sub_icb_code,
    sub_icb.name AS sub_icb_name,
    p.icb_code,
    icb.name AS icb_name,
    p.region_code,
    region.name AS region_name,
    o.postcode,
    o.country,
    setting.role_id AS setting_role_id,
    setting.role_name AS setting_role_name,
    s.opens_on AS opened_on,
    s.closes_on AS closed_on,
    p.is_past AS parents_are_past,
    p.is_ambiguous
FROM marts.organisation_status AS s
JOIN ord.organisations AS o ON o.ods_code = s.ods_code
JOIN marts.organisation_parents AS p ON p.ods_code = s.ods_code
LEFT JOIN settings AS setting ON setting.ods_code = s.ods_code
LEFT JOIN ord.organisations AS pcn ON pcn.ods_code = p.pcn_code
LEFT JOIN ord.organisations AS sub_icb ON sub_icb.ods_code = p.sub_icb_code
LEFT JOIN ord.organisations AS icb ON icb.ods_code = p.icb_code
LEFT JOIN ord.organisations AS region ON region.ods_code = p.region_code
WHERE s.kind = 'gp_practice'
