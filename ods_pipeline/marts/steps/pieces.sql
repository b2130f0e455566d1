-- The life of each organisation, cut into pieces at every day on which something about its parents changes, and for
-- each piece the parents that hold throughout it: the top of its operator chain, and at each inherited level the
-- nearest link, its own first, then its operator's, and so on. Depth 0 is its own.
-- Only the nearest commissioner counts: one that has its own inherits no sub-ICB location, no hub and no ICB by
-- commissioning. What a hub commissions inherits no ICB and no area at all, since its operator may be anywhere.
-- Most organisations have links that last as long as they do: those are one piece, and only the others are cut.
-- 0001-01-01 and infinity mean no beginning and no end.

WITH own AS MATERIALIZED (
    FROM steps.chosen_parents
    WHERE level IN ('commissioner', 'sub_icb', 'hub', 'commissioning_icb', 'partner_icb', 'geography_icb', 'area')
),

inherited AS MATERIALIZED (
    SELECT
        c.ods_code,
        p.level,
        c.depth,
        p.link,
        p.unique_rel_id,
        greatest(c.valid_from, p.valid_from) AS valid_from,
        least(c.valid_to, p.valid_to) AS valid_to
    FROM (
        SELECT
            ods_code,
            parent_code AS step_code,
            1 AS depth,
            valid_from,
            valid_to
        FROM steps.chosen_parents
        WHERE level = 'operator'
        UNION ALL
        SELECT
            ods_code,
            step_code,
            depth,
            valid_from,
            valid_to
        FROM steps.operator_chain
    ) AS c
    JOIN own AS p ON p.ods_code = c.step_code AND share_days(p.valid_from, p.valid_to, c.valid_from, c.valid_to)
),

lives AS MATERIALIZED (
    SELECT
        ods_code,
        primary_role_id = ro_icb() AS is_icb,
        country,
        coalesce(holds_from(operational_start, legal_start), DATE '1900-01-01') AS valid_from,
        coalesce(
            holds_to(status, operational_start, legal_start, operational_end, legal_end, last_change_date),
            DATE 'infinity'
        ) AS valid_to,
        -- A link that nobody ended makes a row after the end of such an organisation, too.
        valid_to <= first_icb_day() AS ended_before_icbs
    FROM ord.organisations
),

-- The first kind of an organisation also holds on the days before.
kinds AS MATERIALIZED (
    SELECT
        k.ods_code,
        k.kind,
        CASE WHEN before.kind IS NULL THEN DATE '0001-01-01' ELSE k.valid_from END AS valid_from,
        coalesce(k.valid_to, DATE 'infinity') AS valid_to
    FROM marts.organisation_kinds AS k
    LEFT JOIN marts.organisation_kinds AS before ON before.ods_code = k.ods_code AND before.valid_to = k.valid_from
),

-- Every day on which something begins or ends, for organisations with something that does not last as long as they do.
days_within AS MATERIALIZED (
    SELECT
        s.ods_code,
        unnest([s.valid_from, s.valid_to]) AS day
    FROM (
        SELECT
            ods_code,
            valid_from,
            valid_to
        FROM steps.chosen_parents
        UNION ALL
        SELECT
            ods_code,
            valid_from,
            valid_to
        FROM inherited
        UNION ALL
        SELECT
            ods_code,
            valid_from,
            valid_to
        FROM steps.operator_chain
    ) AS s
    JOIN lives AS l ON l.ods_code = s.ods_code AND (l.valid_from <> s.valid_from OR l.valid_to <> s.valid_to)
    UNION
    SELECT
        ods_code,
        valid_from
    FROM kinds WHERE valid_from > DATE '0001-01-01'
),

days AS (
    FROM days_within
    UNION
    SELECT
        l.ods_code,
        unnest([l.valid_from, l.valid_to])
    FROM lives AS l
    SEMI JOIN days_within AS d ON d.ods_code = l.ods_code
),

cut_lives AS (
    SELECT
        c.*,
        l.is_icb,
        l.country,
        l.ended_before_icbs,
        holds_on(l.valid_from, l.valid_to, c.valid_from) AS is_alive
    FROM (
        SELECT
            ods_code,
            day AS valid_from,
            lead(day) OVER (PARTITION BY ods_code ORDER BY day) AS valid_to
        FROM days
    ) AS c
    JOIN lives AS l ON l.ods_code = c.ods_code
    WHERE c.valid_to IS NOT NULL
),

-- A piece on which neither the organisation nor any link of it holds is not a row.
pieces AS MATERIALIZED (
    SELECT
        ods_code,
        valid_from,
        valid_to,
        is_icb,
        country,
        ended_before_icbs
    FROM lives AS l
    ANTI JOIN days_within AS d ON d.ods_code = l.ods_code
    WHERE valid_from < valid_to
    UNION ALL
    SELECT
        ods_code,
        valid_from,
        valid_to,
        is_icb,
        country,
        ended_before_icbs
    FROM cut_lives
    WHERE is_alive
    UNION ALL
    SELECT
        ods_code,
        valid_from,
        valid_to,
        is_icb,
        country,
        ended_before_icbs
    FROM cut_lives AS c
    SEMI JOIN steps.chosen_parents AS p
        ON p.ods_code = c.ods_code AND holds_on(p.valid_from, p.valid_to, c.valid_from)
    WHERE NOT is_alive
),

tops AS (
    SELECT
        p.ods_code,
        p.valid_from,
        arg_max(c.step_code, c.depth) AS provider_code,
        arg_max(c.via, c.depth) AS via,
        bool_or(c.is_ambiguous) AS is_ambiguous
    FROM pieces AS p
    JOIN steps.operator_chain AS c
        ON c.ods_code = p.ods_code AND holds_on(c.valid_from, c.valid_to, p.valid_from)
    GROUP BY p.ods_code, p.valid_from
),

nearest AS (
    SELECT
        p.ods_code,
        p.valid_from,
        min(l.depth) FILTER (l.level = 'commissioner') AS commissioner_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'commissioner') AS commissioner_link,
        arg_min(l.unique_rel_id, l.depth) FILTER (l.level = 'commissioner') AS commissioner_id,
        arg_min(l.unique_rel_id, l.depth) FILTER (l.level = 'hub') AS hub_id,
        min(l.depth) FILTER (l.level = 'sub_icb') AS sub_icb_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'sub_icb') AS sub_icb_link,
        min(l.depth) FILTER (l.level = 'commissioning_icb') AS direct_icb_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'commissioning_icb') AS direct_icb_link,
        min(l.depth) FILTER (l.level = 'partner_icb') AS partner_icb_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'partner_icb') AS partner_icb_link,
        min(l.depth) FILTER (l.level = 'geography_icb') AS geography_icb_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'geography_icb') AS geography_icb_link,
        min(l.depth) FILTER (l.level = 'area') AS area_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'area') AS area_link
    FROM pieces AS p
    JOIN (
        SELECT
            ods_code,
            level,
            0 AS depth,
            link,
            unique_rel_id,
            valid_from,
            valid_to
        FROM own
        UNION ALL
        SELECT
            ods_code,
            level,
            depth,
            link,
            unique_rel_id,
            valid_from,
            valid_to
        FROM inherited
    ) AS l ON l.ods_code = p.ods_code AND holds_on(l.valid_from, l.valid_to, p.valid_from)
    GROUP BY p.ods_code, p.valid_from
),

-- How far up each level may be taken from: commissioning no further than the nearest commissioner, and nothing further
-- than a hub.
reach AS (
    SELECT
        *,
        coalesce(commissioner_id = hub_id, false) AS is_under_hub,
        coalesce(commissioner_depth, 1000000) AS commissioning_reach,
        CASE WHEN commissioner_id = hub_id THEN commissioner_depth ELSE 1000000 END AS other_reach
    FROM nearest
)

SELECT
    p.ods_code,
    p.valid_from,
    p.valid_to,
    p.is_icb,
    p.country,
    p.ended_before_icbs,
    k.kind,
    t.provider_code AS chain_top_code,
    t.via AS chain_via,
    t.is_ambiguous AS chain_is_ambiguous,
    n.commissioner_link,
    n.commissioner_depth = 0 AS commissioner_is_own,
    n.is_under_hub,
    CASE WHEN NOT n.is_under_hub AND n.sub_icb_depth <= n.commissioning_reach THEN n.sub_icb_link END AS sub_icb_link,
    CASE
        WHEN NOT n.is_under_hub AND n.direct_icb_depth <= n.commissioning_reach THEN n.direct_icb_link
    END AS direct_icb_link,
    CASE WHEN n.partner_icb_depth <= n.other_reach THEN n.partner_icb_link END AS partner_icb_link,
    CASE WHEN n.geography_icb_depth <= n.other_reach THEN n.geography_icb_link END AS geography_icb_link,
    CASE WHEN n.area_depth <= n.other_reach THEN n.area_link END AS area_link
FROM pieces AS p
JOIN kinds AS k ON k.ods_code = p.ods_code AND holds_on(k.valid_from, k.valid_to, p.valid_from)
LEFT JOIN tops AS t ON t.ods_code = p.ods_code AND t.valid_from = p.valid_from
LEFT JOIN reach AS n ON n.ods_code = p.ods_code AND n.valid_from = p.valid_from
