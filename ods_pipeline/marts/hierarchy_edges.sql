-- Every relationship as an edge from an organisation up to a parent, with the dates for which it holds and the level
-- for which a rule of hierarchy_rules.csv takes it. One relationship may serve two levels (the commissioner is a
-- sub-ICB location). Relationships that no rule takes are kept at level other: nothing that ODS states is left out.

WITH links AS (
    SELECT
        r.ods_code,
        r.unique_rel_id,
        r.target_ods_code AS parent_code,
        r.rel_id,
        r.rel_name,
        r.status,
        child.primary_role_id AS child_role_id,
        coalesce(parent.primary_role_id, r.target_primary_role_id) AS parent_role_id,
        parent.ods_code IS NOT NULL AS parent_is_held,
        holds_from(r.operational_start, r.legal_start) AS valid_from,
        holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, child.last_change_date)
            AS valid_to,
        r.operational_end IS NULL AND (r.operational_start IS NOT NULL OR r.legal_end IS NULL)
        AND holds_to(
            r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, child.last_change_date
        ) IS NOT NULL AS end_is_inferred
    FROM ord.relationships AS r
    LEFT JOIN ord.organisations AS child ON child.ods_code = r.ods_code
    LEFT JOIN ord.organisations AS parent ON parent.ods_code = r.target_ods_code
),

-- The best rule of each level, for every pair of roles that occurs.
primary_roles AS (
    SELECT primary_role_id AS role_id FROM ord.organisations
    UNION
    SELECT target_primary_role_id FROM ord.relationships
    UNION
    SELECT NULL
),

taken AS (
    SELECT
        rule.rel_id,
        child.role_id AS child_role_id,
        parent.role_id AS parent_role_id,
        rule.level,
        min(rule.preference) AS preference,
        arg_min(rule.citation, rule.preference) AS citation
    FROM hierarchy_rules AS rule
    JOIN primary_roles AS child ON rule.child_role IN ('*', child.role_id)
    JOIN primary_roles AS parent
        ON rule.parent_role IN ('*', parent.role_id)
        AND NOT list_contains(string_split(coalesce(rule.except_parent_roles, ''), '|'), parent.role_id)
    GROUP BY ALL
)

-- A relationship of an organisation to itself names no parent.
SELECT
    l.* REPLACE (coalesce(l.end_is_inferred, false) AS end_is_inferred),
    coalesce(t.level, 'other') AS level,
    t.preference,
    t.citation
FROM links AS l
LEFT JOIN taken AS t
    ON t.rel_id = l.rel_id AND l.ods_code <> l.parent_code
    AND t.child_role_id IS NOT DISTINCT FROM l.child_role_id
    AND t.parent_role_id IS NOT DISTINCT FROM l.parent_role_id
