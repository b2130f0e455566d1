-- The pieces with the organisations that their links name, and with their ICB: that of the sub-ICB location, or the one
-- that commissions it directly, that it is a partner of, that it lies in, or else that of its postcode. A piece is cut
-- where its sub-ICB location moves to another ICB.

WITH links AS (
    FROM steps.chosen_parents
),

with_icb AS (
    SELECT
        p.ods_code,
        p.kind,
        p.country,
        p.ended_before_icbs,
        operator.parent_code AS operator_code,
        operator.rel_id AS operator_rel,
        operator.unique_rel_id AS operator_id,
        coalesce(p.chain_top_code, operator.parent_code, p.ods_code) AS provider_code,
        p.chain_via,
        pcn.parent_code AS pcn_code,
        pcn.rel_id AS pcn_rel,
        pcn.unique_rel_id AS pcn_id,
        CASE WHEN p.commissioner_is_own THEN commissioner.parent_code END AS commissioner_code,
        commissioner.parent_code AS nearest_commissioner_code,
        commissioner.rel_id AS commissioner_rel,
        commissioner.unique_rel_id AS commissioner_id,
        coalesce(commissioner.is_ambiguous, false) AS commissioner_is_ambiguous,
        p.commissioner_is_own OR p.is_under_hub AS commissioner_counts,
        coalesce(commissioner.unique_rel_id = direct.unique_rel_id, false) AS is_under_icb,
        coalesce(p.is_under_hub, false) AS is_under_hub,
        CASE WHEN p.is_under_hub THEN commissioner.parent_code END AS hub_code,
        sub_icb.parent_code AS sub_icb_code,
        sub_icb.rel_id AS sub_icb_rel,
        sub_icb.unique_rel_id AS sub_icb_id,
        coalesce(t.parent_code, direct.parent_code) AS commissioning_icb_code,
        CASE WHEN t.parent_code IS NULL THEN direct.rel_id ELSE t.rel_id END AS commissioning_icb_rel,
        CASE WHEN t.parent_code IS NULL THEN direct.unique_rel_id ELSE t.unique_rel_id END AS commissioning_icb_id,
        partner.parent_code AS partner_icb_code,
        partner.rel_id AS partner_icb_rel,
        partner.unique_rel_id AS partner_icb_id,
        geography.parent_code AS geography_icb_code,
        geography.rel_id AS geography_icb_rel,
        geography.unique_rel_id AS geography_icb_id,
        area.parent_code AS own_area_code,
        area.level AS own_area_level,
        area.rel_id AS own_area_rel,
        area.unique_rel_id AS own_area_id,
        coalesce(area.is_ambiguous, false) AS own_area_is_ambiguous,
        CASE
            WHEN p.is_icb THEN 'self'
            WHEN commissioning_icb_code IS NOT NULL THEN 'commissioner'
            WHEN partner.parent_code IS NOT NULL THEN 'partner'
            WHEN geography.parent_code IS NOT NULL THEN 'geography'
        END AS icb_basis,
        CASE
            WHEN p.is_icb THEN p.ods_code
            ELSE coalesce(commissioning_icb_code, partner.parent_code, geography.parent_code)
        END AS icb_code,
        coalesce(operator.is_ambiguous, false) OR coalesce(p.chain_is_ambiguous, false)
        OR coalesce(pcn.is_ambiguous, false)
        OR coalesce(
            commissioner.is_ambiguous AND (p.commissioner_is_own OR p.is_under_hub OR p.leaves_sub_icb), false
        )
        OR coalesce(sub_icb.is_ambiguous, false) OR coalesce(partner.is_ambiguous, false)
        OR coalesce(geography.is_ambiguous, false)
        OR coalesce(t.is_ambiguous, direct.is_ambiguous, false) AS is_ambiguous,
        greatest(p.valid_from, coalesce(t.valid_from, p.valid_from)) AS valid_from,
        least(p.valid_to, coalesce(t.valid_to, p.valid_to)) AS valid_to
    FROM steps.pieces_with_links AS p
    LEFT JOIN links AS operator
        ON operator.level = 'operator' AND operator.ods_code = p.ods_code
        AND holds_on(operator.valid_from, operator.valid_to, p.valid_from)
    LEFT JOIN links AS pcn
        ON pcn.level = 'pcn' AND pcn.ods_code = p.ods_code
        AND holds_on(pcn.valid_from, pcn.valid_to, p.valid_from)
    LEFT JOIN links AS commissioner ON commissioner.level = 'commissioner' AND commissioner.link = p.commissioner_link
    LEFT JOIN links AS sub_icb ON sub_icb.level = 'sub_icb' AND sub_icb.link = p.sub_icb_link
    LEFT JOIN links AS direct ON direct.level = 'commissioning_icb' AND direct.link = p.direct_icb_link
    LEFT JOIN links AS partner ON partner.level = 'partner_icb' AND partner.link = p.partner_icb_link
    LEFT JOIN links AS geography ON geography.level = 'geography_icb' AND geography.link = p.geography_icb_link
    LEFT JOIN links AS area ON area.link = p.area_link
    LEFT JOIN steps.parents_above AS t
        ON t.ods_code = sub_icb.parent_code AND t.level = 'commissioning_icb'
        AND share_days(t.valid_from, t.valid_to, p.valid_from, p.valid_to)
)

-- The last resort: no relationship leads to an ICB, and no hub commissions it.
SELECT
    i.* REPLACE (
        coalesce(i.icb_code, t.icb_code) AS icb_code,
        CASE WHEN t.icb_code IS NULL THEN i.icb_basis ELSE 'postcode' END AS icb_basis,
        CASE WHEN t.valid_from > i.valid_from THEN t.valid_from ELSE i.valid_from END AS valid_from,
        CASE WHEN t.valid_to < i.valid_to THEN t.valid_to ELSE i.valid_to END AS valid_to
    )
FROM (
    SELECT
        *,
        CASE WHEN icb_code IS NULL AND NOT is_under_hub THEN ods_code END AS without_icb
    FROM with_icb
) AS i
LEFT JOIN steps.postcode_icbs AS t
    ON t.ods_code = i.without_icb AND t.valid_from < i.valid_to AND t.valid_to > i.valid_from
