-- The parents of every body at every level, over time, in four steps:
--   1. the operator chain of each body, as far up as it goes;
--   2. what the body itself and the bodies of its chain are linked to, each with the days for which it holds;
--   3. the days on which anything of that changes cut the life of a body into pieces, and each piece takes, at
--      each level, the nearest link: the body's own first, else that of its operator, and so on;
--   4. pieces are cut once more where the sub-ICB location moves to another ICB, or the ICB to another region;
--      pieces in a row that say the same are one row.
-- Within the query 0001-01-01 and infinity stand for no beginning and no end.

WITH RECURSIVE parents AS MATERIALIZED (
    SELECT
        ods_code, level, parent_code, valid_from, coalesce(valid_to, DATE 'infinity') AS valid_to, is_ambiguous,
        {'level': level, 'rel_id': rel_id, 'unique_rel_id': unique_rel_id} AS step
    FROM marts.hierarchy_parents
),

-- 1. A body that came before in its own chain ends it.
operators AS (
    FROM parents
    WHERE level = 'operator'
),

chain AS (
    SELECT
        ods_code, parent_code AS step_code, 1 AS depth, valid_from, valid_to, [ods_code, parent_code] AS path,
        [step] AS via, is_ambiguous
    FROM operators
    UNION ALL
    SELECT
        c.ods_code, o.parent_code, c.depth + 1,
        greatest(c.valid_from, o.valid_from), least(c.valid_to, o.valid_to), list_append(c.path, o.parent_code),
        list_append(c.via, o.step), c.is_ambiguous OR o.is_ambiguous
    FROM chain AS c
    JOIN operators AS o
        ON o.ods_code = c.step_code AND o.valid_from < c.valid_to AND o.valid_to > c.valid_from
    WHERE NOT list_contains(c.path, o.parent_code)
),

-- 2. Depth 0 is the body's own.
links AS (
    SELECT ods_code, level, 0 AS depth, valid_from, valid_to, parent_code, step, is_ambiguous
    FROM parents
    UNION ALL
    SELECT
        c.ods_code, p.level, c.depth, greatest(c.valid_from, p.valid_from), least(c.valid_to, p.valid_to),
        p.parent_code, p.step, p.is_ambiguous
    FROM chain AS c
    JOIN parents AS p
        ON p.ods_code = c.step_code AND p.valid_from < c.valid_to AND p.valid_to > c.valid_from
    WHERE p.level IN ('sub_icb', 'commissioning_icb', 'partner_icb', 'geography_icb')
),

lives AS (
    SELECT
        ods_code, primary_role_id = 'RO261' AS is_icb,
        coalesce(holds_from(operational_start, legal_start), DATE '1900-01-01') AS valid_from,
        coalesce(
            holds_to(status, operational_start, operational_end, legal_end, last_change_date), DATE 'infinity'
        ) AS valid_to
    FROM ord.organisations
),

kinds AS (
    SELECT
        ods_code, kind,
        CASE
            WHEN lag(kind) OVER (PARTITION BY ods_code ORDER BY valid_from) IS NULL THEN DATE '0001-01-01'
            ELSE valid_from
        END AS valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.body_kinds
),

-- 3. Every day on which something begins or ends.
spans AS (
    SELECT ods_code, valid_from, valid_to FROM links
    UNION
    SELECT ods_code, valid_from, valid_to FROM chain WHERE depth > 1
    UNION
    SELECT ods_code, valid_from, valid_to FROM lives
),

cuts AS (
    SELECT ods_code, valid_from AS day FROM spans
    UNION
    SELECT ods_code, valid_to FROM spans
    UNION
    SELECT ods_code, valid_from FROM kinds WHERE valid_from > DATE '0001-01-01'
),

pieces AS (
    SELECT ods_code, day AS piece_from, lead(day) OVER (PARTITION BY ods_code ORDER BY day) AS piece_to
    FROM cuts
),

-- A piece in which neither the body nor any link of it holds is no row.
lived AS (
    SELECT p.ods_code, p.piece_from, p.piece_to, l.is_icb
    FROM pieces AS p
    JOIN lives AS l USING (ods_code)
    WHERE p.piece_to IS NOT NULL
        AND (
            (l.valid_from <= p.piece_from AND l.valid_to >= p.piece_to)
            OR EXISTS (
                FROM parents AS own
                WHERE own.ods_code = p.ods_code AND own.valid_from <= p.piece_from AND own.valid_to >= p.piece_to
            )
        )
),

tops AS (
    SELECT
        p.ods_code, p.piece_from, arg_max(c.step_code, c.depth) AS provider_code, arg_max(c.via, c.depth) AS via,
        bool_or(c.is_ambiguous) AS is_ambiguous
    FROM lived AS p
    JOIN chain AS c ON c.ods_code = p.ods_code AND c.valid_from <= p.piece_from AND c.valid_to >= p.piece_to
    GROUP BY p.ods_code, p.piece_from
),

levels AS (
    SELECT
        p.ods_code, p.piece_from,
        any_value(l.parent_code) FILTER (l.level = 'operator') AS operator_code,
        any_value(l.parent_code) FILTER (l.level = 'pcn') AS pcn_code,
        any_value(l.step) FILTER (l.level = 'pcn') AS pcn_step,
        any_value(l.parent_code) FILTER (l.level = 'commissioner') AS commissioner_code,
        any_value(l.step) FILTER (l.level = 'commissioner') AS commissioner_step,
        arg_min(l.parent_code, l.depth) FILTER (l.level = 'sub_icb') AS sub_icb_code,
        arg_min(l.step, l.depth) FILTER (l.level = 'sub_icb') AS sub_icb_step,
        arg_min(l.parent_code, l.depth) FILTER (l.level = 'commissioning_icb') AS direct_icb_code,
        arg_min(l.step, l.depth) FILTER (l.level = 'commissioning_icb') AS direct_icb_step,
        arg_min(l.parent_code, l.depth) FILTER (l.level = 'partner_icb') AS partner_icb_code,
        arg_min(l.step, l.depth) FILTER (l.level = 'partner_icb') AS partner_icb_step,
        arg_min(l.parent_code, l.depth) FILTER (l.level = 'geography_icb') AS geography_icb_code,
        arg_min(l.step, l.depth) FILTER (l.level = 'geography_icb') AS geography_icb_step,
        coalesce(bool_or(l.is_ambiguous) FILTER (l.level IN ('operator', 'pcn', 'commissioner')), false)
        OR coalesce(arg_min(l.is_ambiguous, l.depth) FILTER (l.level = 'sub_icb'), false)
        OR coalesce(arg_min(l.is_ambiguous, l.depth) FILTER (l.level = 'partner_icb'), false)
        OR coalesce(arg_min(l.is_ambiguous, l.depth) FILTER (l.level = 'geography_icb'), false) AS is_ambiguous,
        arg_min(l.is_ambiguous, l.depth) FILTER (l.level = 'commissioning_icb') AS direct_icb_is_ambiguous
    FROM lived AS p
    JOIN links AS l ON l.ods_code = p.ods_code AND l.valid_from <= p.piece_from AND l.valid_to >= p.piece_to
    GROUP BY p.ods_code, p.piece_from
),

whole AS (
    SELECT
        p.ods_code, p.piece_from, p.piece_to, p.is_icb, k.kind,
        coalesce(t.provider_code, p.ods_code) AS provider_code, t.via AS operator_steps,
        l.* EXCLUDE (ods_code, piece_from, is_ambiguous),
        coalesce(l.is_ambiguous, false) OR coalesce(t.is_ambiguous, false) AS is_ambiguous
    FROM lived AS p
    JOIN kinds AS k ON k.ods_code = p.ods_code AND k.valid_from <= p.piece_from AND k.valid_to >= p.piece_to
    LEFT JOIN tops AS t ON t.ods_code = p.ods_code AND t.piece_from = p.piece_from
    LEFT JOIN levels AS l ON l.ods_code = p.ods_code AND l.piece_from = p.piece_from
),

-- 4. For sub-ICB locations and ICBs: which ICB or region, without holes in time, so that a join loses no day.
above AS (
    FROM parents
    WHERE level = 'region' OR (level = 'commissioning_icb' AND ods_code IN (SELECT sub_icb_code FROM whole))
),

timeline AS (
    SELECT ods_code, level, valid_from, valid_to, parent_code, step, is_ambiguous
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
        w.* EXCLUDE (piece_from, piece_to, direct_icb_code, direct_icb_step, direct_icb_is_ambiguous, is_ambiguous),
        greatest(w.piece_from, coalesce(t.valid_from, w.piece_from)) AS piece_from,
        least(w.piece_to, coalesce(t.valid_to, w.piece_to)) AS piece_to,
        coalesce(t.parent_code, w.direct_icb_code) AS commissioning_icb_code,
        coalesce(t.step, w.direct_icb_step) AS commissioning_icb_step,
        CASE
            WHEN w.is_icb THEN 'self'
            WHEN commissioning_icb_code IS NOT NULL THEN 'commissioner'
            WHEN w.partner_icb_code IS NOT NULL THEN 'partner'
            WHEN w.geography_icb_code IS NOT NULL THEN 'geography'
        END AS icb_basis,
        CASE
            WHEN w.is_icb THEN w.ods_code
            ELSE coalesce(commissioning_icb_code, w.partner_icb_code, w.geography_icb_code)
        END AS icb_code,
        w.is_ambiguous OR coalesce(t.is_ambiguous, w.direct_icb_is_ambiguous, false) AS is_ambiguous
    FROM whole AS w
    LEFT JOIN timeline AS t
        ON t.ods_code = w.sub_icb_code AND t.level = 'commissioning_icb'
        AND t.valid_from < w.piece_to AND t.valid_to > w.piece_from
),

with_region AS (
    SELECT
        i.ods_code, i.kind, i.operator_code, i.provider_code, i.pcn_code, i.commissioner_code, i.sub_icb_code,
        i.commissioning_icb_code, i.partner_icb_code, i.geography_icb_code, i.icb_code, i.icb_basis,
        t.parent_code AS region_code,
        i.is_ambiguous OR coalesce(t.is_ambiguous, false) AS is_ambiguous,
        list_filter(
            list_concat(
                i.operator_steps,
                [
                    i.pcn_step, i.commissioner_step, i.sub_icb_step, i.commissioning_icb_step, i.partner_icb_step,
                    i.geography_icb_step, t.step
                ]
            ),
            lambda step: step IS NOT NULL
        ) AS via,
        greatest(i.piece_from, coalesce(t.valid_from, i.piece_from)) AS piece_from,
        least(i.piece_to, coalesce(t.valid_to, i.piece_to)) AS piece_to
    FROM with_icb AS i
    LEFT JOIN timeline AS t
        ON t.ods_code = i.icb_code AND t.level = 'region'
        AND t.valid_from < i.piece_to AND t.valid_to > i.piece_from
),

-- The same relationships, in the same order, lead to the same parents.
compared AS (
    SELECT
        ods_code, piece_from,
        lag(piece_to) OVER in_time AS before_to,
        max(piece_to) OVER (PARTITION BY ods_code) AS last_to,
        before_to IS DISTINCT FROM piece_from OR lag(state) OVER in_time IS DISTINCT FROM state AS is_new
    FROM (
        SELECT
            ods_code, piece_from, piece_to,
            concat_ws(' ', kind, is_ambiguous, list_transform(via, lambda step: step.unique_rel_id)) AS state
        FROM with_region
    )
    WINDOW in_time AS (PARTITION BY ods_code ORDER BY piece_from)
),

runs AS (
    SELECT
        ods_code, piece_from,
        lead(before_to, 1, last_to) OVER (PARTITION BY ods_code ORDER BY piece_from) AS run_to
    FROM compared
    WHERE is_new
)

SELECT
    w.* EXCLUDE (piece_from, piece_to),
    w.piece_from AS valid_from, nullif(r.run_to, DATE 'infinity') AS valid_to
FROM with_region AS w
JOIN runs AS r ON r.ods_code = w.ods_code AND r.piece_from = w.piece_from
