-- ods_hierarchy(day): every organisation with its parents as they were, are, or are announced to be on a day: the rows
-- of marts.provider_hierarchy that hold on it, with current names and the openness of that day.
CREATE MACRO ods_hierarchy(on_day) AS TABLE
    SELECT
        h.ods_code,
        o.name,
        h.kind,
        h.country,
        openness_of(
            o.status, o.operational_start, o.legal_start, o.operational_end, o.legal_end, o.last_change_date,
            on_day::DATE
        ) AS openness,
        h.operator_code,
        h.provider_code,
        provider.name AS provider_name,
        h.pcn_code,
        pcn.name AS pcn_name,
        h.commissioner_code,
        h.sub_icb_code,
        sub_icb.name AS sub_icb_name,
        h.sub_icb_reason,
        h.commissioning_icb_code,
        h.partner_icb_code,
        h.geography_icb_code,
        h.icb_code,
        icb.name AS icb_name,
        h.icb_basis,
        h.icb_reason,
        h.area_code,
        h.region_code,
        region.name AS region_name,
        h.region_reason,
        h.is_ambiguous,
        h.valid_from,
        h.valid_to
    FROM marts.provider_hierarchy AS h
    JOIN ord.organisations AS o ON o.ods_code = h.ods_code
    LEFT JOIN ord.organisations AS provider ON provider.ods_code = h.provider_code
    LEFT JOIN ord.organisations AS pcn ON pcn.ods_code = h.pcn_code
    LEFT JOIN ord.organisations AS sub_icb ON sub_icb.ods_code = h.sub_icb_code
    LEFT JOIN ord.organisations AS icb ON icb.ods_code = h.icb_code
    LEFT JOIN ord.organisations AS region ON region.ods_code = h.region_code
    WHERE holds_on(h.valid_from, h.valid_to, on_day::DATE);
