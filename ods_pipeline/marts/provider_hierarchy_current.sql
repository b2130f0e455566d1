-- The parents that hold today, one row a trust, trust site, GP practice, PCN or social care body.
-- Kinds are those of kinds.csv. Parents come from relationships that are open today by their operational
-- dates, along hierarchy_rules.csv;
-- a link that begins in the future does not show, and an ended one never wins.

WITH bodies AS (
    SELECT
        o.ods_code, o.name, o.postcode, o.primary_role_id,
        openness_on(o.status, o.legal_end, o.operational_start, o.operational_end, ods_today()) AS openness
    FROM ord.organisations AS o
),

kinds AS (
    SELECT b.*, k.kind
    FROM bodies AS b
    JOIN marts.organisation_status AS k
        ON k.ods_code = b.ods_code
        AND k.kind IN ('trust', 'trust_site', 'gp_practice', 'pcn', 'social_care_provider', 'social_care_site')
),

-- Every parent a rule would accept today.
candidates AS (
    SELECT
        r.ods_code, rule.level, rule.preference, r.target_ods_code AS parent_code, r.operational_start,
        child.primary_role_id AS child_role, parent.primary_role_id AS parent_role
    FROM ord.relationships AS r
    JOIN bodies AS child ON child.ods_code = r.ods_code
    JOIN bodies AS parent ON parent.ods_code = r.target_ods_code
    JOIN hierarchy_rules AS rule
        ON rule.rel_id = r.rel_id
        AND rule.child_role IN ('*', child.primary_role_id)
        AND rule.parent_role IN ('*', parent.primary_role_id)
    WHERE r.operational_start <= ods_today()
        AND coalesce(r.operational_end >= ods_today(), true)
        AND r.ods_code <> r.target_ods_code
        AND NOT list_contains(
            string_split(coalesce(rule.except_parent_roles, ''), '|'), parent.primary_role_id
        )
),

-- One parent a level: the best preference, then the later start, then the code.
chosen AS (
    SELECT
        ods_code, level, parent_code,
        count(DISTINCT parent_code) OVER (PARTITION BY ods_code, level, preference) > 1 AS is_ambiguous
    FROM candidates
    QUALIFY row_number() OVER (
        PARTITION BY ods_code, level ORDER BY preference, operational_start DESC, parent_code
    ) = 1
),

parents AS (
    SELECT
        ods_code,
        max(parent_code) FILTER (level = 'operator') AS operator_code,
        max(parent_code) FILTER (level = 'pcn') AS pcn_code,
        max(parent_code) FILTER (level = 'sub_icb') AS sub_icb_code,
        max(parent_code) FILTER (level = 'commissioning_icb') AS commissioning_icb_code,
        max(parent_code) FILTER (level = 'partner_icb') AS partner_icb_code,
        max(parent_code) FILTER (level = 'geography_icb') AS geography_icb_code,
        max(parent_code) FILTER (level = 'region') AS region_code,
        bool_or(is_ambiguous) AS is_ambiguous
    FROM chosen
    GROUP BY ods_code
),

-- Up the operators to the top. A body that came before in its own chain ends it.
chain AS (
    WITH RECURSIVE up AS (
        SELECT ods_code, ods_code AS top_code, [ods_code] AS path
        FROM kinds
        UNION ALL
        SELECT up.ods_code, p.operator_code, list_append(up.path, p.operator_code)
        FROM up
        JOIN parents AS p ON p.ods_code = up.top_code
        WHERE p.operator_code IS NOT NULL AND NOT list_contains(up.path, p.operator_code)
    )
    SELECT ods_code, top_code AS provider_code, path
    FROM up
    QUALIFY row_number() OVER (PARTITION BY ods_code ORDER BY len(path) DESC) = 1
),

-- A body's own links first, else those of its provider.
levels AS (
    SELECT
        k.ods_code, k.name, k.kind, k.openness, k.postcode,
        own.operator_code, chain.provider_code, own.pcn_code, own.sub_icb_code,
        sub_icb.commissioning_icb_code,
        coalesce(own.partner_icb_code, provider.partner_icb_code) AS partner_icb_code,
        coalesce(own.geography_icb_code, provider.geography_icb_code) AS geography_icb_code,
        coalesce(own.is_ambiguous, false) OR coalesce(sub_icb.is_ambiguous, false) OR coalesce(operators.is_ambiguous, false)
            AS is_ambiguous
    FROM kinds AS k
    JOIN chain ON chain.ods_code = k.ods_code
    LEFT JOIN parents AS own ON own.ods_code = k.ods_code
    LEFT JOIN parents AS provider ON provider.ods_code = chain.provider_code
    LEFT JOIN parents AS sub_icb ON sub_icb.ods_code = own.sub_icb_code
    LEFT JOIN (
        SELECT c.ods_code, bool_or(p.is_ambiguous) AS is_ambiguous
        FROM (SELECT ods_code, unnest(path) AS step FROM chain) AS c
        JOIN parents AS p ON p.ods_code = c.step
        GROUP BY c.ods_code
    ) AS operators ON operators.ods_code = k.ods_code
),

with_icb AS (
    SELECT
        *,
        coalesce(commissioning_icb_code, partner_icb_code, geography_icb_code) AS icb_code,
        CASE
            WHEN commissioning_icb_code IS NOT NULL THEN 'commissioner'
            WHEN partner_icb_code IS NOT NULL THEN 'partner'
            WHEN geography_icb_code IS NOT NULL THEN 'geography'
        END AS icb_basis
    FROM levels
)

SELECT
    l.ods_code, l.name, l.kind, l.openness, l.postcode,
    l.operator_code, operator.name AS operator_name, operator.openness AS operator_openness,
    l.provider_code, provider.name AS provider_name, provider.openness AS provider_openness,
    l.pcn_code, pcn.name AS pcn_name, pcn.openness AS pcn_openness,
    l.sub_icb_code, sub_icb.name AS sub_icb_name, sub_icb.openness AS sub_icb_openness,
    l.commissioning_icb_code, l.partner_icb_code, l.geography_icb_code,
    l.icb_code, icb.name AS icb_name, icb.openness AS icb_openness, l.icb_basis,
    icb_parents.region_code, region.name AS region_name,
    l.is_ambiguous OR coalesce(icb_parents.is_ambiguous, false) AS is_ambiguous,
    ods_today() AS as_of
FROM with_icb AS l
LEFT JOIN bodies AS operator ON operator.ods_code = l.operator_code
LEFT JOIN bodies AS provider ON provider.ods_code = l.provider_code
LEFT JOIN bodies AS pcn ON pcn.ods_code = l.pcn_code
LEFT JOIN bodies AS sub_icb ON sub_icb.ods_code = l.sub_icb_code
LEFT JOIN bodies AS icb ON icb.ods_code = l.icb_code
LEFT JOIN parents AS icb_parents ON icb_parents.ods_code = l.icb_code
LEFT JOIN bodies AS region ON region.ods_code = icb_parents.region_code
ORDER BY l.ods_code
