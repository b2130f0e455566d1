-- Every relationship as an edge from an organisation up to a parent, with the dates for which it holds and the level
-- for which a rule of hierarchy_rules.csv takes it. One relationship may serve two levels (the commissioner is a
-- sub-ICB location). Relationships that no rule takes are kept at level other: nothing that ODS states is left out.
-- Roles come as classes of organisations (steps/rule_days.sql), so rules are tried on pairs of classes, not on links.

WITH organisations AS MATERIALIZED (
    SELECT
        o.ods_code,
        o.primary_role_id,
        o.last_change_date,
        coalesce(c.role_class, o.primary_role_id, '') AS role_class
    FROM ord.organisations AS o
    LEFT JOIN (
        SELECT DISTINCT
            ods_code,
            '=' || ods_code AS role_class
        FROM steps.role_pieces
    ) AS c ON c.ods_code = o.ods_code
),

links AS MATERIALIZED (
    SELECT
        r.ods_code,
        r.unique_rel_id,
        r.target_ods_code AS parent_code,
        r.rel_id,
        r.rel_name,
        r.status,
        child.primary_role_id AS child_role_id,
        coalesce(parent.primary_role_id, r.target_primary_role_id) AS parent_role_id,
        coalesce(child.role_class, '') AS child_class,
        coalesce(parent.role_class, r.target_primary_role_id, '') AS parent_class,
        parent.ods_code IS NOT NULL AS parent_is_held,
        holds_from(r.operational_start, r.legal_start) AS valid_from,
        holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, child.last_change_date)
            AS valid_to,
        r.operational_end IS NULL AND (r.operational_start IS NOT NULL OR r.legal_end IS NULL)
        AND holds_to(
            r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, child.last_change_date
        ) IS NOT NULL AS end_is_inferred
    FROM ord.relationships AS r
    LEFT JOIN organisations AS child ON child.ods_code = r.ods_code
    LEFT JOIN organisations AS parent ON parent.ods_code = r.target_ods_code
),

pairs AS (
    SELECT DISTINCT
        rel_id,
        child_class,
        parent_class
    FROM links
),

candidates AS MATERIALIZED (
    SELECT
        p.rel_id,
        p.child_class,
        p.parent_class,
        rule.level,
        rule.preference,
        min(rule.citation) AS citation,
        greatest(c.valid_from, t.valid_from) AS rule_from,
        least(c.valid_to, t.valid_to) AS rule_to
    FROM pairs AS p
    JOIN hierarchy_rules AS rule ON rule.rel_id = p.rel_id
    JOIN steps.rule_days AS c ON c.role_class = p.child_class AND c.expression = rule.child_role
    JOIN steps.rule_days AS t
        ON t.role_class = p.parent_class AND t.expression = rule.parent_role
        AND share_days(t.valid_from, t.valid_to, c.valid_from, c.valid_to)
    GROUP BY ALL
),

-- Without rules that a better one of the same level makes idle. Few rules take a pair on some days only.
taken AS MATERIALIZED (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY rel_id, child_class, parent_class, level ORDER BY preference, rule_from, rule_to
        ) AS part
    FROM candidates AS c
    ANTI JOIN candidates AS better
        ON better.rel_id = c.rel_id AND better.child_class = c.child_class AND better.parent_class = c.parent_class
        AND better.level = c.level AND better.preference < c.preference
        AND better.rule_from <= c.rule_from AND better.rule_to >= c.rule_to
),

-- A pair that is not taken on all days is at level other too, with all the days of the relationship.
with_others AS (
    FROM taken
    UNION ALL BY NAME
    SELECT
        p.*,
        'other' AS level,
        1 AS part,
        DATE '0001-01-01' AS rule_from,
        DATE 'infinity' AS rule_to
    FROM pairs AS p
    ANTI JOIN taken AS t
        ON t.rel_id = p.rel_id AND t.child_class = p.child_class AND t.parent_class = p.parent_class
        AND t.rule_from = DATE '0001-01-01' AND t.rule_to = DATE 'infinity'
)

-- A relationship of an organisation to itself names no parent.
SELECT
    l.* EXCLUDE (child_class, parent_class) REPLACE (
        coalesce(l.end_is_inferred, false) AS end_is_inferred,
        CASE WHEN t.rule_from > l.valid_from THEN t.rule_from ELSE l.valid_from END AS valid_from,
        CASE
            WHEN t.rule_to < coalesce(l.valid_to, DATE 'infinity') THEN t.rule_to
            ELSE l.valid_to
        END AS valid_to
    ),
    coalesce(t.level, 'other') AS level,
    coalesce(t.part, 1) AS part,
    t.preference,
    t.citation
FROM links AS l
LEFT JOIN with_others AS t
    ON t.rel_id = l.rel_id AND l.ods_code <> l.parent_code
    AND t.child_class = l.child_class AND t.parent_class = l.parent_class
-- Outside the days of its rule an edge has no row; dates that contradict each other are shown as ODS states them.
WHERE t.level IS NULL OR (t.rule_from = DATE '0001-01-01' AND t.rule_to = DATE 'infinity')
    OR (l.valid_from < t.rule_to AND coalesce(l.valid_to, DATE 'infinity') > t.rule_from)
