-- The parents of every organisation at every level, over time. Steps build it, each a file in steps/:
--   1. operator_chain: the operators above each organisation, as far up as they go;
--   2. links_in_reach: its own links and those of its operators, from which it may take a parent;
--   3. pieces: its life in pieces on which none of these links changes;
--   4. pieces_with_links: the nearest links of each piece;
--   5. pieces_with_icb: the organisations that they name, up to the ICB (with parents_above and postcode_icbs);
--   6. pieces_with_region: area and region.
-- This query joins neighbours with the same parents into one row, and explains why a parent is missing. Steps of via
-- become structs at the very end, except those of long chains.

WITH with_region AS MATERIALIZED (
    FROM steps.pieces_with_region
),

-- The same relationships lead to the same parents. Few organisations have neighbours with the same hash, and only
-- theirs may have to be joined.
hashed AS MATERIALIZED (
    SELECT
        ods_code,
        valid_from,
        valid_to,
        hash(
            kind, is_ambiguous, operator_id, provider_code, pcn_id, commissioner_id, sub_icb_id, commissioning_icb_id,
            partner_icb_id, geography_icb_id, is_under_hub, area_id, region_id, icb_basis, icb_ends_nowhere,
            region_ends_nowhere
        ) AS state
    FROM with_region
),

repeating AS MATERIALIZED (
    SELECT DISTINCT a.ods_code
    FROM hashed AS a
    JOIN hashed AS b ON b.ods_code = a.ods_code AND b.valid_from = a.valid_to AND b.state = a.state
),

to_join AS (
    FROM with_region AS w
    SEMI JOIN repeating AS r ON r.ods_code = w.ods_code
),

hierarchy AS (
    FROM joined_runs(
            'to_join', ods_code,
            (
                kind, is_ambiguous, operator_id, chain_via, pcn_id, commissioner_id, sub_icb_id, commissioning_icb_id,
                partner_icb_id, geography_icb_id, is_under_hub, area_id, region_id, icb_basis, icb_ends_nowhere,
                region_ends_nowhere
            )
        )
    UNION ALL BY NAME
    FROM with_region AS w
    ANTI JOIN repeating AS r ON r.ods_code = w.ods_code
),

-- Why there is no ICB, or whatever else depends on a commissioner. The first that holds counts.
with_reasons AS (
    SELECT
        h.*,
        CASE
            WHEN h.is_under_hub THEN 'commissioned_by_hub'
            WHEN is_outside_england(h.country, h.kind) THEN 'outside_england'
            WHEN h.ended_before_icbs OR h.valid_to <= first_icb_day() THEN 'before_areas'
            WHEN h.icb_ends_nowhere THEN 'target_unknown'
            WHEN h.sub_icb_code IS NOT NULL THEN 'parent_has_none'
            WHEN h.commissioner_code IS NOT NULL THEN 'commissioned_by_other'
            WHEN is_head_office(h.kind) THEN 'head_office'
            ELSE 'none_stated'
        END AS why_none
    FROM hierarchy AS h
)

SELECT
    ods_code,
    kind,
    country,
    operator_code,
    provider_code,
    pcn_code,
    commissioner_code,
    sub_icb_code,
    CASE
        WHEN sub_icb_code IS NOT NULL THEN NULL
        WHEN is_under_hub THEN 'commissioned_by_hub'
        WHEN is_under_icb THEN 'commissioned_by_icb'
        ELSE why_none
    END AS sub_icb_reason,
    commissioning_icb_code,
    partner_icb_code,
    geography_icb_code,
    icb_code,
    icb_basis,
    CASE WHEN icb_code IS NULL THEN why_none END AS icb_reason,
    area_code,
    region_code,
    CASE
        WHEN region_code IS NOT NULL THEN NULL
        WHEN region_ends_nowhere THEN 'target_unknown'
        WHEN icb_code IS NOT NULL OR area_code IS NOT NULL THEN 'none_stated'
        ELSE why_none
    END AS region_reason,
    is_ambiguous,
    -- A chain of operators is in chain_via with all its steps.
    list_concat(
        chain_via,
        list_filter(
            [
                {
                    'level': 'operator',
                    'rel_id': operator_rel,
                    'unique_rel_id': CASE WHEN chain_via IS NULL THEN operator_id END
                },
                {'level': 'pcn', 'rel_id': pcn_rel, 'unique_rel_id': pcn_id},
                {'level': 'commissioner', 'rel_id': commissioner_rel, 'unique_rel_id': commissioner_id},
                {
                    'level': 'hub',
                    'rel_id': commissioner_rel,
                    'unique_rel_id': CASE WHEN is_under_hub THEN commissioner_id END
                },
                {'level': 'sub_icb', 'rel_id': sub_icb_rel, 'unique_rel_id': sub_icb_id},
                {'level': 'commissioning_icb', 'rel_id': commissioning_icb_rel, 'unique_rel_id': commissioning_icb_id},
                {'level': 'partner_icb', 'rel_id': partner_icb_rel, 'unique_rel_id': partner_icb_id},
                {'level': 'geography_icb', 'rel_id': geography_icb_rel, 'unique_rel_id': geography_icb_id},
                {'level': area_level, 'rel_id': area_rel, 'unique_rel_id': area_id},
                {'level': 'region', 'rel_id': region_rel, 'unique_rel_id': region_id}
            ],
            LAMBDA step: step.unique_rel_id IS NOT NULL
        )
    ) AS via,
    valid_from,
    nullif(valid_to, DATE 'infinity') AS valid_to
FROM with_reasons
