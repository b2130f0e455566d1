-- The rows of provider_hierarchy that hold today, with the name and the openness of the body and of each parent.

SELECT
    h.ods_code, own.name, h.kind, own_status.openness, own.postcode,
    h.operator_code, operator.name AS operator_name, operator.openness AS operator_openness,
    h.provider_code, provider.name AS provider_name, provider.openness AS provider_openness,
    h.pcn_code, pcn.name AS pcn_name, pcn.openness AS pcn_openness,
    h.commissioner_code, commissioner.name AS commissioner_name, commissioner.openness AS commissioner_openness,
    h.sub_icb_code, sub_icb.name AS sub_icb_name, sub_icb.openness AS sub_icb_openness,
    h.commissioning_icb_code, h.partner_icb_code, h.geography_icb_code,
    h.icb_code, icb.name AS icb_name, icb.openness AS icb_openness, h.icb_basis,
    h.region_code, region.name AS region_name, region.openness AS region_openness,
    h.is_ambiguous, h.valid_from, h.valid_to, ods_today() AS as_of
FROM marts.provider_hierarchy AS h
JOIN ord.organisations AS own ON own.ods_code = h.ods_code
JOIN marts.organisation_status AS own_status ON own_status.ods_code = h.ods_code
LEFT JOIN marts.organisation_status AS operator ON operator.ods_code = h.operator_code
LEFT JOIN marts.organisation_status AS provider ON provider.ods_code = h.provider_code
LEFT JOIN marts.organisation_status AS pcn ON pcn.ods_code = h.pcn_code
LEFT JOIN marts.organisation_status AS commissioner ON commissioner.ods_code = h.commissioner_code
LEFT JOIN marts.organisation_status AS sub_icb ON sub_icb.ods_code = h.sub_icb_code
LEFT JOIN marts.organisation_status AS icb ON icb.ods_code = h.icb_code
LEFT JOIN marts.organisation_status AS region ON region.ods_code = h.region_code
WHERE h.valid_from <= ods_today() AND coalesce(h.valid_to > ods_today(), true)
