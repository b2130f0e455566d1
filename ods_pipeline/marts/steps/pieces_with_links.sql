-- The pieces with the links that hold throughout them: the top of the operator chain, and at each inherited level the
-- nearest link, its own first, then its operator's, and so on.
-- Only the nearest commissioner counts: an organisation that has its own inherits no sub-ICB location, no hub and no
-- ICB by commissioning. Where an ICB is the later of two commissioners, there is no sub-ICB location: it may be in
-- another ICB. What a hub commissions inherits no ICB and no area at all, since its operator may be anywhere.
-- Once it has closed, an organisation inherits nothing: a link to an operator that nobody ended would hand down an ICB
-- that it never had, where a hub commissioned it to the end.

WITH tops AS (
    SELECT
        p.ods_code,
        p.valid_from,
        arg_max(c.step_code, c.depth) AS provider_code,
        arg_max(c.via, c.depth) AS via,
        bool_or(c.is_ambiguous) AS is_ambiguous
    FROM steps.pieces AS p
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
        arg_min(l.unique_rel_id, l.depth) FILTER (l.level = 'commissioning_icb') AS direct_icb_id,
        min(l.depth) FILTER (l.level = 'partner_icb') AS partner_icb_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'partner_icb') AS partner_icb_link,
        min(l.depth) FILTER (l.level = 'geography_icb') AS geography_icb_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'geography_icb') AS geography_icb_link,
        min(l.depth) FILTER (l.level = 'area_as_commissioner') AS direct_area_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'area_as_commissioner') AS direct_area_link,
        min(l.depth) FILTER (l.level = 'area') AS area_depth,
        arg_min(l.link, l.depth) FILTER (l.level = 'area') AS area_link
    FROM steps.pieces AS p
    JOIN steps.links_in_reach AS l
        ON l.ods_code = p.ods_code AND holds_on(l.valid_from, l.valid_to, p.valid_from)
        AND (l.depth = 0 OR NOT p.is_over)
    GROUP BY p.ods_code, p.valid_from
),

-- How far up each level may be taken from: commissioning no further than the nearest commissioner, and nothing further
-- than a hub.
reach AS (
    SELECT
        *,
        coalesce(commissioner_id = hub_id, false) AS is_under_hub,
        coalesce(commissioner_id = direct_icb_id, false) AS is_under_icb,
        coalesce(commissioner_depth, 1000000) AS commissioning_reach,
        CASE WHEN commissioner_id = hub_id THEN commissioner_depth ELSE 1000000 END AS other_reach
    FROM nearest
)

SELECT
    p.*,
    t.provider_code AS chain_top_code,
    t.via AS chain_via,
    t.is_ambiguous AS chain_is_ambiguous,
    n.commissioner_link,
    n.commissioner_depth = 0 AS commissioner_is_own,
    n.is_under_hub,
    CASE
        WHEN NOT (n.is_under_hub OR n.is_under_icb) AND n.sub_icb_depth <= n.commissioning_reach THEN n.sub_icb_link
    END AS sub_icb_link,
    coalesce(n.is_under_icb AND n.sub_icb_depth <= n.commissioning_reach, false) AS leaves_sub_icb,
    CASE
        WHEN NOT n.is_under_hub AND n.direct_icb_depth <= n.commissioning_reach THEN n.direct_icb_link
    END AS direct_icb_link,
    CASE WHEN n.partner_icb_depth <= n.other_reach THEN n.partner_icb_link END AS partner_icb_link,
    CASE WHEN n.geography_icb_depth <= n.other_reach THEN n.geography_icb_link END AS geography_icb_link,
    CASE
        WHEN NOT n.is_under_hub AND n.direct_area_depth <= n.commissioning_reach THEN n.direct_area_link
        WHEN n.area_depth <= n.other_reach THEN n.area_link
    END AS area_link
FROM steps.pieces AS p
LEFT JOIN tops AS t ON t.ods_code = p.ods_code AND t.valid_from = p.valid_from
LEFT JOIN reach AS n ON n.ods_code = p.ods_code AND n.valid_from = p.valid_from
