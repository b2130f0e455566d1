-- The parents of every organisation at every level, over time. Four steps build it:
--   1. steps/operator_chain.sql: the operators above each organisation, as far up as they go;
--   2. steps/pieces.sql: its life in pieces on which none of its links changes, each with its nearest links;
--   3. steps/postcode_icbs.sql: the ICB of the postcode, for those that may have it as a last resort;
--   4. this query: the parents that these links name. A piece is cut again where its sub-ICB location moves to another
--      ICB, its commissioner to another area, or its ICB, area or hub to another region. Neighbours with the same
--      parents become one row.
-- Steps of via become structs at the very end, except those of long chains. 0001-01-01 and infinity mean no beginning
-- and no end.

WITH links AS (
    FROM steps.chosen_parents
),

-- Links to codes that are not held: to an ICB or on the way to one, or to a region. One that is inactive from the
-- day on which it begins holds on no day.
nowhere AS MATERIALIZED (
    SELECT
        ods_code,
        CASE WHEN level = 'region' THEN 'region_unknown' ELSE 'icb_unknown' END AS level,
        'not held' AS parent_code,
        valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.hierarchy_edges
    WHERE NOT parent_is_held
        AND valid_from < coalesce(valid_to, DATE 'infinity')
        AND level IN ('commissioner', 'commissioning_icb', 'partner_icb', 'geography_icb', 'region')
),

-- Of commissioners, ICBs and areas: their ICB, area or region on every day; of others, whether a link leads nowhere.
-- Days without one have a row too, so that a join loses no day.
above AS (
    FROM links
    WHERE level = 'region'
        OR (level = 'commissioning_icb' AND ods_code IN (SELECT parent_code FROM links WHERE level = 'sub_icb'))
        OR (level = 'commissioning_area' AND ods_code IN (SELECT parent_code FROM links WHERE level = 'commissioner'))
    UNION ALL BY NAME
    FROM joined_runs('nowhere', (ods_code, level), level)
),

timeline AS (
    SELECT
        ods_code,
        level,
        valid_from,
        valid_to,
        parent_code,
        rel_id,
        unique_rel_id,
        is_ambiguous
    FROM above
    UNION ALL BY NAME
    SELECT
        ods_code,
        level,
        DATE '0001-01-01' AS valid_from,
        min(valid_from) AS valid_to
    FROM above
    GROUP BY ods_code, level
    UNION ALL BY NAME
    SELECT
        ods_code,
        level,
        valid_to AS valid_from,
        next_from AS valid_to
    FROM (
        SELECT
            *,
            lead(valid_from, 1, DATE 'infinity') OVER (PARTITION BY ods_code, level ORDER BY valid_from) AS next_from
        FROM above
    )
    WHERE valid_to < next_from
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
        OR coalesce(commissioner.is_ambiguous AND (p.commissioner_is_own OR p.is_under_hub), false)
        OR coalesce(sub_icb.is_ambiguous, false) OR coalesce(partner.is_ambiguous, false)
        OR coalesce(geography.is_ambiguous, false)
        OR coalesce(t.is_ambiguous, direct.is_ambiguous, false) AS is_ambiguous,
        greatest(p.valid_from, coalesce(t.valid_from, p.valid_from)) AS valid_from,
        least(p.valid_to, coalesce(t.valid_to, p.valid_to)) AS valid_to
    FROM steps.pieces AS p
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
    LEFT JOIN links AS area ON area.level = 'area' AND area.link = p.area_link
    LEFT JOIN timeline AS t
        ON t.ods_code = sub_icb.parent_code AND t.level = 'commissioning_icb'
        AND share_days(t.valid_from, t.valid_to, p.valid_from, p.valid_to)
),

-- The last resort: no relationship leads to an ICB, and no hub commissions it.
with_postcode AS (
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
),

with_area AS (
    SELECT
        i.* EXCLUDE (
            own_area_code, own_area_rel, own_area_id, own_area_is_ambiguous, nearest_commissioner_code,
            commissioner_is_ambiguous, commissioner_counts, without_icb
        ) REPLACE (
            -- The commissioner of the operator counts where it leads to a hub or an area.
            CASE WHEN i.commissioner_counts OR t.parent_code IS NOT NULL THEN i.commissioner_id END AS commissioner_id,
            i.is_ambiguous OR CASE
                WHEN t.parent_code IS NULL THEN i.own_area_is_ambiguous
                ELSE t.is_ambiguous OR i.commissioner_is_ambiguous
            END AS is_ambiguous,
            greatest(i.valid_from, coalesce(t.valid_from, i.valid_from)) AS valid_from,
            least(i.valid_to, coalesce(t.valid_to, i.valid_to)) AS valid_to
        ),
        coalesce(t.parent_code, i.own_area_code) AS area_code,
        t.parent_code IS NOT NULL AS area_is_commissioner_s,
        CASE WHEN t.parent_code IS NULL THEN i.own_area_rel ELSE t.rel_id END AS area_rel,
        CASE WHEN t.parent_code IS NULL THEN i.own_area_id ELSE t.unique_rel_id END AS area_id,
        NULL::VARCHAR AS region_code,
        NULL::VARCHAR AS region_rel,
        NULL::BIGINT AS region_id
    FROM with_postcode AS i
    LEFT JOIN timeline AS t
        ON t.ods_code = i.nearest_commissioner_code AND t.level = 'commissioning_area' AND NOT i.is_under_hub
        AND share_days(t.valid_from, t.valid_to, i.valid_from, i.valid_to)
),

-- The region that it states itself (an ICB, an area, a hub), else that of its ICB, its area, its hub.
with_own_region AS (
    FROM reaching_region('with_area', 'timeline', ods_code)
),

with_icb_region AS (
    FROM reaching_region('with_own_region', 'timeline', icb_code)
),

with_area_region AS (
    FROM reaching_region('with_icb_region', 'timeline', area_code)
),

with_hub_region AS (
    FROM reaching_region('with_area_region', 'timeline', hub_code)
),

-- Whether a link to a code that is not held is why there is no ICB or no region: one of its own to an ICB, or one to a
-- region of the organisations from which it would have it. A row is cut where such a link begins or ends, but not where
-- another reason is given all the same.
with_unknown_icb AS (
    SELECT
        i.* EXCLUDE (without_icb) REPLACE (
            CASE WHEN t.valid_from > i.valid_from THEN t.valid_from ELSE i.valid_from END AS valid_from,
            CASE WHEN t.valid_to < i.valid_to THEN t.valid_to ELSE i.valid_to END AS valid_to
        ),
        t.parent_code IS NOT NULL AS icb_ends_nowhere,
        t.parent_code IS NOT NULL AS region_ends_nowhere
    FROM (
        SELECT
            *,
            CASE
                WHEN icb_code IS NULL
                    AND (region_code IS NULL OR NOT (is_under_hub OR is_outside_england(country, kind)))
                    THEN ods_code
            END AS without_icb
        FROM with_hub_region
    ) AS i
    LEFT JOIN timeline AS t
        ON t.ods_code = i.without_icb AND t.level = 'icb_unknown'
        AND t.valid_from < i.valid_to AND t.valid_to > i.valid_from
),

with_own_unknown AS (
    FROM ending_nowhere('with_unknown_icb', 'timeline', ods_code)
),

with_unknown_of_icb AS (
    FROM ending_nowhere('with_own_unknown', 'timeline', icb_code)
),

with_unknown_of_area AS (
    FROM ending_nowhere('with_unknown_of_icb', 'timeline', area_code)
),

with_unknown_of_hub AS (
    FROM ending_nowhere('with_unknown_of_area', 'timeline', hub_code)
),

with_region AS MATERIALIZED (
    SELECT
        * REPLACE (
            icb_ends_nowhere AND NOT (is_under_hub OR is_outside_england(country, kind) OR ended_before_icbs)
            AND valid_to > first_icb_day() AS icb_ends_nowhere,
            region_ends_nowhere AND region_code IS NULL AS region_ends_nowhere
        )
    FROM with_unknown_of_hub
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
                {
                    'level': CASE WHEN area_is_commissioner_s THEN 'commissioning_area' ELSE 'area' END,
                    'rel_id': area_rel,
                    'unique_rel_id': area_id
                },
                {'level': 'region', 'rel_id': region_rel, 'unique_rel_id': region_id}
            ],
            LAMBDA step: step.unique_rel_id IS NOT NULL
        )
    ) AS via,
    valid_from,
    nullif(valid_to, DATE 'infinity') AS valid_to
FROM with_reasons
