-- The rows of provider_hierarchy that hold today, with name and openness of the organisation and of each parent.

WITH held AS MATERIALIZED (
    FROM marts.provider_hierarchy
    WHERE holds_on(valid_from, valid_to, ods_today())
),

-- Few organisations are parents: only their names are looked up.
parents AS MATERIALIZED (
    SELECT
        s.ods_code,
        s.name,
        s.openness
    FROM marts.organisation_status AS s
    SEMI JOIN (
        SELECT operator_code AS code FROM held
        UNION
        SELECT provider_code FROM held WHERE provider_code <> ods_code
        UNION
        SELECT pcn_code FROM held
        UNION
        SELECT commissioner_code FROM held
        UNION
        SELECT sub_icb_code FROM held
        UNION
        SELECT icb_code FROM held
        UNION
        SELECT area_code FROM held
        UNION
        SELECT region_code FROM held
    ) AS c ON c.code = s.ods_code
)

SELECT
    h.ods_code,
    own.name,
    h.kind,
    own_status.openness,
    own.postcode,
    h.country,
    h.operator_code,
    operator.name AS operator_name,
    operator.openness AS operator_openness,
    h.provider_code,
    CASE WHEN h.provider_code = h.ods_code THEN own_status.name ELSE provider.name END AS provider_name,
    CASE WHEN h.provider_code = h.ods_code THEN own_status.openness ELSE provider.openness END AS provider_openness,
    h.pcn_code,
    pcn.name AS pcn_name,
    pcn.openness AS pcn_openness,
    h.commissioner_code,
    commissioner.name AS commissioner_name,
    commissioner.openness AS commissioner_openness,
    h.sub_icb_code,
    sub_icb.name AS sub_icb_name,
    sub_icb.openness AS sub_icb_openness,
    h.sub_icb_reason,
    h.commissioning_icb_code,
    h.partner_icb_code,
    h.geography_icb_code,
    h.icb_code,
    icb.name AS icb_name,
    icb.openness AS icb_openness,
    h.icb_basis,
    h.icb_reason,
    h.area_code,
    area.name AS area_name,
    area.openness AS area_openness,
    h.region_code,
    region.name AS region_name,
    region.openness AS region_openness,
    h.region_reason,
    h.is_ambiguous,
    h.valid_from,
    h.valid_to,
    ods_today() AS as_of
FROM held AS h
JOIN ord.organisations AS own ON own.ods_code = h.ods_code
JOIN marts.organisation_status AS own_status ON own_status.ods_code = h.ods_code
LEFT JOIN parents AS operator ON operator.ods_code = h.operator_code
LEFT JOIN parents AS provider ON provider.ods_code = h.provider_code
LEFT JOIN parents AS pcn ON pcn.ods_code = h.pcn_code
LEFT JOIN parents AS commissioner ON commissioner.ods_code = h.commissioner_code
LEFT JOIN parents AS sub_icb ON sub_icb.ods_code = h.sub_icb_code
LEFT JOIN parents AS icb ON icb.ods_code = h.icb_code
LEFT JOIN parents AS area ON area.ods_code = h.area_code
LEFT JOIN parents AS region ON region.ods_code = h.region_code
