-- The parents of every body at every level, over time, in four steps:
--   1. the operator chain of each body, as far up as it goes;
--   2. what the body itself and the bodies of its chain are linked to, each with the days for which it holds;
--   3. the days on which anything of that changes cut the life of a body into pieces, and each piece takes, at
--      each level, the nearest link: the body's own first, else that of its operator, and so on;
--   4. pieces are cut once more where the sub-ICB location moves to another ICB, or the ICB to another region;
--      pieces in a row that say the same are one row.
-- Most bodies have one operator and links that last as long as they do: longer chains, inherited links, lives that
-- are cut and pieces that say the same are looked for apart, and steps but those of long chains become structs at
-- the very end.
-- Within the query 0001-01-01 and infinity stand for no beginning and no end.

WITH RECURSIVE parents AS MATERIALIZED (
    SELECT
        row_number() OVER () AS link, ods_code, level, parent_code, rel_id, unique_rel_id, valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to, is_ambiguous
    FROM marts.hierarchy_parents
),

-- 1. A body that came before in its own chain ends it. Chains of one step are the operators themselves.
operators AS (
    FROM parents
    WHERE level = 'operator'
),

chain AS MATERIALIZED (
    SELECT
        a.ods_code, b.parent_code AS step_code, 2 AS depth,
        greatest(a.valid_from, b.valid_from) AS valid_from, least(a.valid_to, b.valid_to) AS valid_to,
        [a.ods_code, a.parent_code, b.parent_code] AS path,
        [
            {'level': 'operator', 'rel_id': a.rel_id, 'unique_rel_id': a.unique_rel_id},
            {'level': 'operator', 'rel_id': b.rel_id, 'unique_rel_id': b.unique_rel_id}
        ] AS via,
        a.is_ambiguous OR b.is_ambiguous AS is_ambiguous
    FROM operators AS a
    JOIN operators AS b ON b.ods_code = a.parent_code AND b.valid_from < a.valid_to AND b.valid_to > a.valid_from
    WHERE b.parent_code NOT IN (a.ods_code, a.parent_code)
    UNION ALL
    SELECT
        c.ods_code, o.parent_code, c.depth + 1,
        greatest(c.valid_from, o.valid_from), least(c.valid_to, o.valid_to), list_append(c.path, o.parent_code),
        list_append(c.via, {'level': 'operator', 'rel_id': o.rel_id, 'unique_rel_id': o.unique_rel_id}),
        c.is_ambiguous OR o.is_ambiguous
    FROM chain AS c
    JOIN operators AS o
        ON o.ods_code = c.step_code AND o.valid_from < c.valid_to AND o.valid_to > c.valid_from
    WHERE NOT list_contains(c.path, o.parent_code)
),

-- 2. What operators hand down. Depth 0 is the body's own.
handed_down AS MATERIALIZED (
    FROM parents
    WHERE level IN ('sub_icb', 'commissioning_icb', 'partner_icb', 'geography_icb')
),

inherited AS MATERIALIZED (
    SELECT
        c.ods_code, p.level, c.depth, p.link, greatest(c.valid_from, p.valid_from) AS valid_from,
        least(c.valid_to, p.valid_to) AS valid_to
    FROM (
        SELECT ods_code, parent_code AS step_code, 1 AS depth, valid_from, valid_to FROM operators
        UNION ALL
        SELECT ods_code, step_code, depth, valid_from, valid_to FROM chain
    ) AS c
    JOIN handed_down AS p
        ON p.ods_code = c.step_code AND p.valid_from < c.valid_to AND p.valid_to > c.valid_from
),

lives AS MATERIALIZED (
    SELECT
        ods_code, primary_role_id = 'RO261' AS is_icb,
        coalesce(holds_from(operational_start, legal_start), DATE '1900-01-01') AS valid_from,
        coalesce(
            holds_to(status, operational_start, operational_end, legal_end, last_change_date), DATE 'infinity'
        ) AS valid_to
    FROM ord.organisations
),

-- The first kind of a body speaks for the days before too.
kinds AS MATERIALIZED (
    SELECT
        k.ods_code, k.kind, CASE WHEN before.kind IS NULL THEN DATE '0001-01-01' ELSE k.valid_from END AS valid_from,
        coalesce(k.valid_to, DATE 'infinity') AS valid_to
    FROM marts.organisation_kinds AS k
    LEFT JOIN marts.organisation_kinds AS before ON before.ods_code = k.ods_code AND before.valid_to = k.valid_from
),

-- 3. Every day on which something begins or ends, of bodies of which something does not last as long as they do.
cuts_within AS MATERIALIZED (
    SELECT s.ods_code, unnest([s.valid_from, s.valid_to]) AS day
    FROM (
        SELECT ods_code, valid_from, valid_to FROM parents
        UNION ALL
        SELECT ods_code, valid_from, valid_to FROM inherited
        UNION ALL
        SELECT ods_code, valid_from, valid_to FROM chain
    ) AS s
    JOIN lives AS l ON l.ods_code = s.ods_code AND (l.valid_from <> s.valid_from OR l.valid_to <> s.valid_to)
    UNION
    SELECT ods_code, valid_from FROM kinds WHERE valid_from > DATE '0001-01-01'
),

cuts AS (
    FROM cuts_within
    UNION
    SELECT l.ods_code, unnest([l.valid_from, l.valid_to])
    FROM lives AS l
    SEMI JOIN cuts_within AS c ON c.ods_code = l.ods_code
),

cut_lives AS (
    SELECT c.*, l.is_icb, l.valid_from <= c.piece_from AND l.valid_to >= c.piece_to AS is_alive
    FROM (
        SELECT ods_code, day AS piece_from, lead(day) OVER (PARTITION BY ods_code ORDER BY day) AS piece_to
        FROM cuts
    ) AS c
    JOIN lives AS l ON l.ods_code = c.ods_code
    WHERE c.piece_to IS NOT NULL
),

-- A piece in which neither the body nor any link of it holds is no row.
lived AS MATERIALIZED (
    SELECT l.ods_code, l.valid_from AS piece_from, l.valid_to AS piece_to, l.is_icb
    FROM lives AS l
    ANTI JOIN cuts_within AS c ON c.ods_code = l.ods_code
    WHERE l.valid_from < l.valid_to
    UNION ALL
    SELECT ods_code, piece_from, piece_to, is_icb
    FROM cut_lives
    WHERE is_alive
    UNION ALL
    SELECT ods_code, piece_from, piece_to, is_icb
    FROM cut_lives AS p
    SEMI JOIN parents AS own
        ON own.ods_code = p.ods_code AND own.valid_from <= p.piece_from AND own.valid_to >= p.piece_to
    WHERE NOT is_alive
),

tops AS (
    SELECT
        p.ods_code, p.piece_from, arg_max(c.step_code, c.depth) AS provider_code, arg_max(c.via, c.depth) AS via,
        bool_or(c.is_ambiguous) AS is_ambiguous
    FROM lived AS p
    JOIN chain AS c ON c.ods_code = p.ods_code AND c.valid_from <= p.piece_from AND c.valid_to >= p.piece_to
    GROUP BY p.ods_code, p.piece_from
),

nearest AS (
    SELECT
        p.ods_code, p.piece_from,
        arg_min(l.link, l.depth) FILTER (l.level = 'sub_icb') AS sub_icb_link,
        arg_min(l.link, l.depth) FILTER (l.level = 'commissioning_icb') AS direct_icb_link,
        arg_min(l.link, l.depth) FILTER (l.level = 'partner_icb') AS partner_icb_link,
        arg_min(l.link, l.depth) FILTER (l.level = 'geography_icb') AS geography_icb_link
    FROM lived AS p
    JOIN (
        SELECT ods_code, level, 0 AS depth, link, valid_from, valid_to FROM handed_down
        UNION ALL
        SELECT ods_code, level, depth, link, valid_from, valid_to FROM inherited
    ) AS l ON l.ods_code = p.ods_code AND l.valid_from <= p.piece_from AND l.valid_to >= p.piece_to
    GROUP BY p.ods_code, p.piece_from
),

-- 4. For sub-ICB locations and ICBs: which ICB or region, without holes in time, so that a join loses no day.
above AS (
    FROM parents
    WHERE level = 'region'
        OR (level = 'commissioning_icb' AND ods_code IN (SELECT parent_code FROM parents WHERE level = 'sub_icb'))
),

timeline AS (
    SELECT ods_code, level, valid_from, valid_to, parent_code, rel_id, unique_rel_id, is_ambiguous
    FROM above
    UNION ALL BY NAME
    SELECT ods_code, level, DATE '0001-01-01' AS valid_from, min(valid_from) AS valid_to
    FROM above
    GROUP BY ods_code, level
    UNION ALL BY NAME
    SELECT ods_code, level, valid_to AS valid_from, next_from AS valid_to
    FROM (
        SELECT *, lead(valid_from, 1, DATE 'infinity') OVER (PARTITION BY ods_code, level ORDER BY valid_from) AS next_from
        FROM above
    )
    WHERE valid_to < next_from
),

with_icb AS (
    SELECT
        p.ods_code, p.is_icb, k.kind,
        operator.parent_code AS operator_code, operator.rel_id AS operator_rel, operator.unique_rel_id AS operator_id,
        coalesce(top.provider_code, operator.parent_code, p.ods_code) AS provider_code, top.via AS chain_steps,
        pcn.parent_code AS pcn_code, pcn.rel_id AS pcn_rel, pcn.unique_rel_id AS pcn_id,
        commissioner.parent_code AS commissioner_code, commissioner.rel_id AS commissioner_rel,
        commissioner.unique_rel_id AS commissioner_id,
        sub_icb.parent_code AS sub_icb_code, sub_icb.rel_id AS sub_icb_rel, sub_icb.unique_rel_id AS sub_icb_id,
        coalesce(t.parent_code, direct.parent_code) AS commissioning_icb_code,
        CASE WHEN t.parent_code IS NULL THEN direct.rel_id ELSE t.rel_id END AS commissioning_icb_rel,
        CASE WHEN t.parent_code IS NULL THEN direct.unique_rel_id ELSE t.unique_rel_id END AS commissioning_icb_id,
        partner.parent_code AS partner_icb_code, partner.rel_id AS partner_icb_rel, partner.unique_rel_id AS partner_icb_id,
        geography.parent_code AS geography_icb_code, geography.rel_id AS geography_icb_rel,
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
        coalesce(operator.is_ambiguous, false) OR coalesce(top.is_ambiguous, false) OR coalesce(pcn.is_ambiguous, false)
        OR coalesce(commissioner.is_ambiguous, false) OR coalesce(sub_icb.is_ambiguous, false)
        OR coalesce(partner.is_ambiguous, false) OR coalesce(geography.is_ambiguous, false)
        OR coalesce(t.is_ambiguous, direct.is_ambiguous, false) AS is_ambiguous,
        greatest(p.piece_from, coalesce(t.valid_from, p.piece_from)) AS piece_from,
        least(p.piece_to, coalesce(t.valid_to, p.piece_to)) AS piece_to
    FROM lived AS p
    JOIN kinds AS k ON k.ods_code = p.ods_code AND k.valid_from <= p.piece_from AND k.valid_to >= p.piece_to
    LEFT JOIN operators AS operator
        ON operator.ods_code = p.ods_code AND operator.valid_from <= p.piece_from AND operator.valid_to >= p.piece_to
    LEFT JOIN parents AS pcn
        ON pcn.level = 'pcn'
        AND pcn.ods_code = p.ods_code AND pcn.valid_from <= p.piece_from AND pcn.valid_to >= p.piece_to
    LEFT JOIN parents AS commissioner
        ON commissioner.level = 'commissioner'
        AND commissioner.ods_code = p.ods_code AND commissioner.valid_from <= p.piece_from
        AND commissioner.valid_to >= p.piece_to
    LEFT JOIN tops AS top ON top.ods_code = p.ods_code AND top.piece_from = p.piece_from
    LEFT JOIN nearest AS n ON n.ods_code = p.ods_code AND n.piece_from = p.piece_from
    LEFT JOIN handed_down AS sub_icb ON sub_icb.level = 'sub_icb' AND sub_icb.link = n.sub_icb_link
    LEFT JOIN handed_down AS direct ON direct.level = 'commissioning_icb' AND direct.link = n.direct_icb_link
    LEFT JOIN handed_down AS partner ON partner.level = 'partner_icb' AND partner.link = n.partner_icb_link
    LEFT JOIN handed_down AS geography ON geography.level = 'geography_icb' AND geography.link = n.geography_icb_link
    LEFT JOIN timeline AS t
        ON t.ods_code = sub_icb.parent_code AND t.level = 'commissioning_icb'
        AND t.valid_from < p.piece_to AND t.valid_to > p.piece_from
),

with_region AS MATERIALIZED (
    SELECT
        i.* EXCLUDE (is_icb, piece_from, piece_to, is_ambiguous),
        t.parent_code AS region_code, t.rel_id AS region_rel, t.unique_rel_id AS region_id,
        i.is_ambiguous OR coalesce(t.is_ambiguous, false) AS is_ambiguous,
        greatest(i.piece_from, coalesce(t.valid_from, i.piece_from)) AS piece_from,
        least(i.piece_to, coalesce(t.valid_to, i.piece_to)) AS piece_to
    FROM with_icb AS i
    LEFT JOIN timeline AS t
        ON t.ods_code = i.icb_code AND t.level = 'region'
        AND t.valid_from < i.piece_to AND t.valid_to > i.piece_from
),

-- The same relationships lead to the same parents. Neighbours with one hash may say the same: few bodies have any.
hashed AS MATERIALIZED (
    SELECT
        ods_code, piece_from, piece_to,
        hash(
            kind, is_ambiguous, operator_id, provider_code, pcn_id, commissioner_id, sub_icb_id, commissioning_icb_id,
            partner_icb_id, geography_icb_id, region_id
        ) AS said
    FROM with_region
),

repeating AS MATERIALIZED (
    SELECT DISTINCT a.ods_code
    FROM hashed AS a
    JOIN hashed AS b ON b.ods_code = a.ods_code AND b.piece_from = a.piece_to AND b.said = a.said
),

compared AS (
    SELECT
        ods_code, piece_from,
        lag(piece_to) OVER in_time AS before_to,
        max(piece_to) OVER (PARTITION BY ods_code) AS last_to,
        before_to IS DISTINCT FROM piece_from OR lag(state) OVER in_time IS DISTINCT FROM state AS is_new
    FROM (
        SELECT
            w.ods_code, w.piece_from, w.piece_to,
            (
                kind, is_ambiguous, operator_id, chain_steps, pcn_id, commissioner_id, sub_icb_id, commissioning_icb_id,
                partner_icb_id, geography_icb_id, region_id
            ) AS state
        FROM with_region AS w
        SEMI JOIN repeating AS r ON r.ods_code = w.ods_code
    )
    WINDOW in_time AS (PARTITION BY ods_code ORDER BY piece_from)
),

runs AS (
    SELECT
        ods_code, piece_from, is_new,
        lead(before_to, 1, last_to) OVER (PARTITION BY ods_code ORDER BY piece_from) AS run_to
    FROM compared
    WHERE is_new
)

SELECT
    w.ods_code, w.kind, w.operator_code, w.provider_code, w.pcn_code, w.commissioner_code, w.sub_icb_code,
    w.commissioning_icb_code, w.partner_icb_code, w.geography_icb_code, w.icb_code, w.icb_basis, w.region_code,
    w.is_ambiguous,
    -- A chain of operators stands in chain_steps with all its steps.
    list_concat(
        w.chain_steps,
        list_filter(
            [
                {
                    'level': 'operator', 'rel_id': w.operator_rel,
                    'unique_rel_id': CASE WHEN w.chain_steps IS NULL THEN w.operator_id END
                },
                {'level': 'pcn', 'rel_id': w.pcn_rel, 'unique_rel_id': w.pcn_id},
                {'level': 'commissioner', 'rel_id': w.commissioner_rel, 'unique_rel_id': w.commissioner_id},
                {'level': 'sub_icb', 'rel_id': w.sub_icb_rel, 'unique_rel_id': w.sub_icb_id},
                {'level': 'commissioning_icb', 'rel_id': w.commissioning_icb_rel, 'unique_rel_id': w.commissioning_icb_id},
                {'level': 'partner_icb', 'rel_id': w.partner_icb_rel, 'unique_rel_id': w.partner_icb_id},
                {'level': 'geography_icb', 'rel_id': w.geography_icb_rel, 'unique_rel_id': w.geography_icb_id},
                {'level': 'region', 'rel_id': w.region_rel, 'unique_rel_id': w.region_id}
            ],
            lambda step: step.unique_rel_id IS NOT NULL
        )
    ) AS via,
    w.piece_from AS valid_from, nullif(coalesce(r.run_to, w.piece_to), DATE 'infinity') AS valid_to
FROM with_region AS w
LEFT JOIN runs AS r ON r.ods_code = w.ods_code AND r.piece_from = w.piece_from
WHERE r.is_new OR w.ods_code NOT IN (SELECT ods_code FROM repeating)
