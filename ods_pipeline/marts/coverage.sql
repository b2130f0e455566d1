-- For each kind of organisation: how many of those open today have a provider, an ICB and a region, and why the rest
-- have none. The share is that of those that can have one: kinds that take part (coverage_limits.csv), in England, not
-- commissioned by a hub. Those that cannot are counted by group. If there are several reasons, the one nearest to
-- having a parent counts. An organisation without an operator is its own provider, except for kinds that others run.

WITH organisations AS (
    SELECT
        s.ods_code,
        s.kind,
        s.openness IN ('open', 'closing') AS is_open,
        p.operator_code IS NOT NULL AS has_operator,
        p.icb_code,
        p.region_code,
        p.icb_reason,
        p.region_reason,
        EXISTS (FROM coverage_limits AS l WHERE l.kind = s.kind AND l.level = 'provider') AS is_run_by_others,
        EXISTS (FROM coverage_limits AS l WHERE l.kind = s.kind AND l.level = 'icb') AS has_icbs,
        EXISTS (FROM coverage_limits AS l WHERE l.kind = s.kind AND l.level IN ('icb', 'region')) AS has_regions
    FROM marts.organisation_status AS s
    JOIN marts.organisation_parents AS p ON p.ods_code = s.ods_code
),

-- The links that ODS states for each organisation, by what they would lead to.
links AS (
    SELECT
        ods_code,
        CASE WHEN level = 'operator' THEN 'provider' WHEN level = 'region' THEN 'region' ELSE 'icb' END AS leads_to,
        bool_or(holds AND parent_is_held) AS holds,
        bool_or(holds AND NOT parent_is_held) AS points_nowhere,
        bool_or(valid_from > ods_today()) AS begins_later,
        bool_or(valid_to <= ods_today()) AS ended
    FROM (
        SELECT
            *,
            holds_on(valid_from, valid_to, ods_today()) AS holds
        FROM marts.hierarchy_edges
        WHERE level <> 'other'
    )
    GROUP BY ods_code, leads_to
),

levels AS (
    SELECT
        ods_code,
        kind,
        is_open,
        'provider' AS level,
        has_operator OR NOT is_run_by_others AS has_it,
        false AS is_inherited,
        'provider' AS leads_to,
        true AS takes_part,
        NULL AS why_none
    FROM organisations
    UNION ALL
    -- Without its own links an organisation has the ICB of its operator.
    SELECT
        ods_code,
        kind,
        is_open,
        'icb',
        icb_code IS NOT NULL,
        has_operator,
        'icb',
        has_icbs,
        icb_reason
    FROM organisations
    UNION ALL
    -- The region is that of the ICB. Without an ICB, the reason for that is also the reason for no region.
    SELECT
        ods_code,
        kind,
        is_open,
        'region',
        region_code IS NOT NULL,
        has_operator OR icb_code IS NOT NULL AND kind <> 'icb',
        CASE WHEN kind = 'icb' THEN 'region' ELSE 'icb' END,
        has_regions,
        region_reason
    FROM organisations
),

reasons AS (
    SELECT
        v.kind,
        v.level,
        v.is_open,
        v.has_it,
        CASE
            WHEN NOT v.takes_part THEN 'takes_no_part'
            WHEN v.why_none IN ('outside_england', 'commissioned_by_hub') THEN v.why_none
            WHEN l.holds OR v.is_inherited THEN 'parent_has_none'
            WHEN l.points_nowhere THEN 'parent_not_held'
            WHEN l.begins_later THEN 'link_not_begun'
            WHEN l.ended THEN 'link_ended'
            ELSE 'no_link'
        END AS reason
    FROM levels AS v
    LEFT JOIN links AS l ON l.ods_code = v.ods_code AND l.leads_to = v.leads_to
),

counted AS (
    SELECT
        kind,
        level,
        count(*) AS codes,
        count(*) FILTER (is_open) AS open_codes,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'takes_no_part') AS takes_no_part,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'outside_england') AS outside_england,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'commissioned_by_hub') AS commissioned_by_hub,
        open_codes - takes_no_part - outside_england - commissioned_by_hub AS can_have,
        count(*) FILTER (is_open AND has_it) AS with_parent,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'no_link') AS no_link,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'link_ended') AS link_ended,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'link_not_begun') AS link_not_begun,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'parent_not_held') AS parent_not_held,
        count(*) FILTER (is_open AND NOT has_it AND reason = 'parent_has_none') AS parent_has_none
    FROM reasons
    GROUP BY kind, level
),

disagreements AS (
    SELECT
        s.kind,
        'icb' AS level,
        count(*) AS organisations
    FROM marts.organisation_places AS p
    JOIN marts.organisation_status AS s ON s.ods_code = p.ods_code AND s.openness IN ('open', 'closing')
    WHERE NOT p.agrees_with_register
    GROUP BY s.kind
)

SELECT
    c.*,
    coalesce(d.organisations, 0) AS postcode_disagrees,
    CASE WHEN c.can_have = 0 THEN 1.0 ELSE round(c.with_parent / c.can_have, 4) END AS share,
    coalesce(e.least_share, 0.0) AS expected_share
FROM counted AS c
LEFT JOIN coverage_limits AS e ON e.kind = c.kind AND e.level = c.level
LEFT JOIN disagreements AS d ON d.kind = c.kind AND d.level = c.level
