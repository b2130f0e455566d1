-- Every relationship as an edge from a body up to a parent, with the dates for which it holds and the level for
-- which a rule of hierarchy_rules.csv takes it. One relationship may serve two levels (the commissioner is a
-- sub-ICB location). What no rule takes is kept at level other: nothing that ODS states is left out.

WITH links AS (
    SELECT
        r.ods_code, r.unique_rel_id, r.target_ods_code AS parent_code, r.rel_id, r.rel_name, r.status,
        child.primary_role_id AS child_role_id,
        coalesce(parent.primary_role_id, r.target_primary_role_id) AS parent_role_id,
        parent.ods_code IS NOT NULL AS parent_is_held,
        holds_from(r.operational_start, r.legal_start) AS valid_from,
        holds_to(r.status, r.operational_start, r.operational_end, r.legal_end, child.last_change_date) AS valid_to,
        r.status = 'Inactive' AND r.operational_end IS NULL AND r.legal_end IS NULL AS end_is_inferred
    FROM ord.relationships AS r
    LEFT JOIN ord.organisations AS child ON child.ods_code = r.ods_code
    LEFT JOIN ord.organisations AS parent ON parent.ods_code = r.target_ods_code
),

-- The best rule of each level; a relationship of a body to itself says nothing of a parent.
taken AS (
    SELECT
        l.unique_rel_id, rule.level,
        min(rule.preference) AS preference, arg_min(rule.citation, rule.preference) AS citation
    FROM links AS l
    JOIN hierarchy_rules AS rule
        ON rule.rel_id = l.rel_id
        AND rule.child_role IN ('*', l.child_role_id)
        AND rule.parent_role IN ('*', l.parent_role_id)
        AND NOT list_contains(string_split(coalesce(rule.except_parent_roles, ''), '|'), l.parent_role_id)
    WHERE l.ods_code <> l.parent_code
    GROUP BY l.unique_rel_id, rule.level
)

SELECT
    l.* REPLACE (coalesce(l.end_is_inferred, false) AS end_is_inferred),
    coalesce(t.level, 'other') AS level, t.preference, t.citation
FROM links AS l
LEFT JOIN taken AS t USING (unique_rel_id)
