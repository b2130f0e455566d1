-- On which days the roles of an organisation fit each expression of hierarchy_rules.csv. Organisations with the same
-- primary role and no other role that a rule asks for are one class, named by that role; each of the few others is a
-- class of its own, named = and its code. An expression has alternatives between |; each is a primary role, or * for
-- any, then +roles that must hold next to it and -roles that must not, primary or other.

WITH alternatives AS (
    SELECT
        expression,
        regexp_extract(alternative, '^(\*|RO[0-9]+)', 1) AS primary_role,
        regexp_extract_all(alternative, '\+(RO[0-9]+)', 1) AS with_roles,
        regexp_extract_all(alternative, '-(RO[0-9]+)', 1) AS without_roles
    FROM (
        SELECT
            expression,
            unnest(string_split(expression, '|')) AS alternative
        FROM (
            SELECT child_role AS expression FROM hierarchy_rules
            UNION
            SELECT parent_role FROM hierarchy_rules
        )
    )
),

classes AS (
    SELECT
        role_id AS role_class,
        [role_id] AS roles,
        role_id AS primary_role,
        DATE '0001-01-01' AS valid_from,
        DATE 'infinity' AS valid_to
    FROM (
        SELECT coalesce(primary_role_id, '') AS role_id FROM ord.organisations
        UNION
        SELECT coalesce(target_primary_role_id, '') FROM ord.relationships
    )
    UNION ALL
    SELECT
        '=' || p.ods_code,
        list_append(p.roles, o.primary_role_id),
        o.primary_role_id,
        p.valid_from,
        p.valid_to
    FROM steps.role_pieces AS p
    JOIN ord.organisations AS o ON o.ods_code = p.ods_code
),

fitting AS (
    SELECT DISTINCT
        c.role_class,
        a.expression,
        c.valid_from,
        c.valid_to
    FROM classes AS c
    JOIN alternatives AS a
        ON (a.primary_role = '*' OR a.primary_role = c.primary_role)
        AND list_has_all(c.roles, a.with_roles) AND NOT list_has_any(c.roles, a.without_roles)
)

SELECT
    role_class,
    expression,
    valid_from,
    valid_to
FROM joined_runs('fitting', (role_class, expression), true)
