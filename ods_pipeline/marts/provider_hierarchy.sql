-- The parents of every organisation at every level, over time. Three steps build it:
--   1. steps/operator_chain.sql: the operators above each organisation, as far up as they go;
--   2. steps/pieces.sql: its life in pieces on which none of its links changes, each with its nearest links;
--   3. this query: the parents that these links name. A piece is cut again where its sub-ICB location moves to another
--      ICB, or its ICB to another region. Neighbours with the same parents become one row.
-- Steps of via become structs at the very end, except those of long chains. 0001-01-01 and infinity mean no beginning
-- and no end.

WITH links AS (
    FROM steps.chosen_parents
),

-- Of sub-ICB locations and ICBs: their ICB or region on every day. Days without one have a row too, so that a join
-- loses no day.
above AS (
    FROM links
    WHERE level = 'region'
        OR (level = 'commissioning_icb' AND ods_code IN (SELECT parent_code FROM links WHERE level = 'sub_icb'))
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
        operator.parent_code AS operator_code,
        operator.rel_id AS operator_rel,
        operator.unique_rel_id AS operator_id,
        coalesce(p.chain_top_code, operator.parent_code, p.ods_code) AS provider_code,
        p.chain_via,
        pcn.parent_code AS pcn_code,
        pcn.rel_id AS pcn_rel,
        pcn.unique_rel_id AS pcn_id,
        commissioner.parent_code AS commissioner_code,
        commissioner.rel_id AS commissioner_rel,
        commissioner.unique_rel_id AS commissioner_id,
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
        OR coalesce(pcn.is_ambiguous, false) OR coalesce(commissioner.is_ambiguous, false)
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
    LEFT JOIN links AS commissioner
        ON commissioner.level = 'commissioner' AND commissioner.ods_code = p.ods_code
        AND holds_on(commissioner.valid_from, commissioner.valid_to, p.valid_from)
    LEFT JOIN links AS sub_icb ON sub_icb.level = 'sub_icb' AND sub_icb.link = p.sub_icb_link
    LEFT JOIN links AS direct ON direct.level = 'commissioning_icb' AND direct.link = p.direct_icb_link
    LEFT JOIN links AS partner ON partner.level = 'partner_icb' AND partner.link = p.partner_icb_link
    LEFT JOIN links AS geography ON geography.level = 'geography_icb' AND geography.link = p.geography_icb_link
    LEFT JOIN timeline AS t
        ON t.ods_code = sub_icb.parent_code AND t.level = 'commissioning_icb'
        AND share_days(t.valid_from, t.valid_to, p.valid_from, p.valid_to)
),

with_region AS MATERIALIZED (
    SELECT
        i.* EXCLUDE (valid_from, valid_to, is_ambiguous),
        t.parent_code AS region_code,
        t.rel_id AS region_rel,
        t.unique_rel_id AS region_id,
        i.is_ambiguous OR coalesce(t.is_ambiguous, false) AS is_ambiguous,
        greatest(i.valid_from, coalesce(t.valid_from, i.valid_from)) AS valid_from,
        least(i.valid_to, coalesce(t.valid_to, i.valid_to)) AS valid_to
    FROM with_icb AS i
    LEFT JOIN timeline AS t
        ON t.ods_code = i.icb_code AND t.level = 'region'
        AND share_days(t.valid_from, t.valid_to, i.valid_from, i.valid_to)
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
            partner_icb_id, geography_icb_id, region_id
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
                partner_icb_id, geography_icb_id, region_id
            )
        )
    UNION ALL BY NAME
    FROM with_region AS w
    ANTI JOIN repeating AS r ON r.ods_code = w.ods_code
)

SELECT
    ods_code,
    kind,
    operator_code,
    provider_code,
    pcn_code,
    commissioner_code,
    sub_icb_code,
    commissioning_icb_code,
    partner_icb_code,
    geography_icb_code,
    icb_code,
    icb_basis,
    region_code,
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
                {'level': 'sub_icb', 'rel_id': sub_icb_rel, 'unique_rel_id': sub_icb_id},
                {'level': 'commissioning_icb', 'rel_id': commissioning_icb_rel, 'unique_rel_id': commissioning_icb_id},
                {'level': 'partner_icb', 'rel_id': partner_icb_rel, 'unique_rel_id': partner_icb_id},
                {'level': 'geography_icb', 'rel_id': geography_icb_rel, 'unique_rel_id': geography_icb_id},
                {'level': 'region', 'rel_id': region_rel, 'unique_rel_id': region_id}
            ],
            LAMBDA step: step.unique_rel_id IS NOT NULL
        )
    ) AS via,
    valid_from,
    nullif(valid_to, DATE 'infinity') AS valid_to
FROM hierarchy
