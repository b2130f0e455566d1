-- Codes that are closed in law or in operation, or deleted: when, where they belonged at the end, and what succeeded
-- them. Successors are facts (or curated); candidates are inferred and have a column of their own.

WITH closed AS (
    SELECT
        s.*,
        o.primary_role_id,
        o.primary_role_name,
        o.legal_end,
        o.operational_end,
        o.last_change_date AS recorded_on
    FROM marts.organisation_status AS s
    JOIN ord.organisations AS o ON o.ods_code = s.ods_code
    WHERE s.openness IN ('legally_closed', 'closed')
    UNION ALL
    SELECT
        s.*,
        d.primary_role_id,
        c.display_name,
        NULL,
        NULL,
        d.deleted_on
    FROM marts.organisation_status AS s
    JOIN ord.deletions AS d ON d.ods_code = s.ods_code AND d.state = 'confirmed'
    LEFT JOIN ord.code_systems AS c ON c.id = d.primary_role_id AND c.code_system = 'OrganisationRole'
    WHERE s.openness = 'deleted'
),

successors AS (
    SELECT
        old_code,
        list(new_code ORDER BY new_code) AS successor_codes
    FROM marts.succession_edges
    GROUP BY old_code
),

terminals AS (
    SELECT
        old_code,
        list(new_code ORDER BY new_code) AS terminal_codes
    FROM marts.code_crosswalk
    WHERE hops > 0 AND is_terminal
    GROUP BY old_code
),

candidates AS (
    SELECT
        old_code,
        list(candidate_code ORDER BY score DESC, candidate_code) AS candidate_codes
    FROM marts.successor_candidates
    GROUP BY old_code
),

-- The ICB of the last row that has begun and has one.
last_icbs AS (
    SELECT
        ods_code,
        arg_max(icb_code, valid_from) AS icb_code
    FROM marts.provider_hierarchy
    WHERE icb_code IS NOT NULL AND valid_from <= ods_today()
    GROUP BY ods_code
)

SELECT
    c.ods_code,
    c.name,
    c.kind,
    c.primary_role_id,
    c.primary_role_name,
    c.openness,
    c.closes_on AS closed_on,
    c.legal_end,
    c.operational_end,
    c.recorded_on,
    coalesce(s.successor_codes, []) AS successor_codes,
    coalesce(len(s.successor_codes), 0) AS successor_count,
    coalesce(t.terminal_codes, []) AS terminal_codes,
    p.provider_code AS last_provider_code,
    CASE WHEN p.icb_code IS NOT NULL OR p.icb_reason <> 'commissioned_by_hub' THEN l.icb_code END AS last_icb_code,
    coalesce(k.candidate_codes, []) AS candidate_codes,
    c.explanation
FROM closed AS c
LEFT JOIN successors AS s ON s.old_code = c.ods_code
LEFT JOIN terminals AS t ON t.old_code = c.ods_code
LEFT JOIN candidates AS k ON k.old_code = c.ods_code
LEFT JOIN marts.organisation_parents AS p ON p.ods_code = c.ods_code
LEFT JOIN last_icbs AS l ON l.ods_code = c.ods_code
