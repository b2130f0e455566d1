-- The kind of each organisation over time, by kinds.csv. The primary role decides. A kind that also asks for a second
-- role holds while that role does. A role that began with the organisation, or lasted to its end, counts as held
-- before and after too: a closed practice stays a practice.

WITH lives AS (
    SELECT
        ods_code,
        primary_role_id,
        last_change_date,
        coalesce(holds_from(operational_start, legal_start), DATE '1900-01-01') AS begins,
        holds_to(status, operational_start, legal_start, operational_end, legal_end, last_change_date) AS ends
    FROM ord.organisations
),

-- Kinds that depend on the primary role alone: the best for each role.
plain AS (
    SELECT
        r.primary_role_id,
        min(k.preference) AS preference,
        arg_min(k.kind, k.preference) AS kind
    FROM (SELECT DISTINCT primary_role_id FROM lives) AS r
    JOIN kinds_of_organisation AS k
        ON (k.with_role_id IS NULL AND k.primary_role_id = r.primary_role_id) OR k.primary_role_id = '*'
    GROUP BY r.primary_role_id
),

lasting AS (
    SELECT
        l.ods_code,
        l.begins,
        p.preference,
        p.kind
    FROM lives AS l
    JOIN plain AS p ON p.primary_role_id IS NOT DISTINCT FROM l.primary_role_id
),

-- Kinds that hold while a second role does.
dated AS (
    SELECT
        l.ods_code,
        l.begins,
        k.kind,
        k.preference,
        greatest(coalesce(holds_from(r.operational_start, r.legal_start), l.begins), l.begins) AS starts,
        holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, l.last_change_date)
            AS stops,
        l.ends
    FROM lives AS l
    JOIN kinds_of_organisation AS k ON k.primary_role_id = l.primary_role_id
    JOIN ord.roles AS r ON r.ods_code = l.ods_code AND r.role_id = k.with_role_id
),

spans AS MATERIALIZED (
    SELECT
        ods_code,
        kind,
        preference,
        starts,
        CASE WHEN stops < ends OR ends IS NULL THEN stops END AS stops
    FROM dated
),

-- Days on which the kind may change, of organisations that have a second role.
days AS (
    SELECT
        ods_code,
        starts AS day
    FROM spans
    UNION
    SELECT
        ods_code,
        stops
    FROM spans WHERE stops IS NOT NULL
    UNION
    SELECT
        l.ods_code,
        l.begins
    FROM lasting AS l
    SEMI JOIN spans AS s ON s.ods_code = l.ods_code
),

pieces AS (
    SELECT
        d.ods_code,
        d.day AS valid_from,
        lead(d.day, 1, DATE 'infinity') OVER (PARTITION BY d.ods_code ORDER BY d.day) AS valid_to,
        l.kind AS lasting_kind,
        l.preference AS lasting_preference
    FROM days AS d
    JOIN lasting AS l ON l.ods_code = d.ods_code AND d.day >= l.begins
),

of_one_kind AS (
    SELECT
        p.ods_code,
        p.valid_from,
        p.valid_to,
        coalesce(
            arg_min(s.kind, s.preference) FILTER (s.preference < p.lasting_preference), any_value(p.lasting_kind)
        ) AS kind
    FROM pieces AS p
    LEFT JOIN spans AS s ON s.ods_code = p.ods_code AND holds_on(s.starts, s.stops, p.valid_from)
    GROUP BY p.ods_code, p.valid_from, p.valid_to
)

SELECT
    ods_code,
    valid_from,
    kind,
    nullif(valid_to, DATE 'infinity') AS valid_to
FROM joined_runs('of_one_kind', ods_code, kind)
UNION ALL
SELECT
    l.ods_code,
    l.begins,
    l.kind,
    NULL
FROM lasting AS l
ANTI JOIN spans AS s ON s.ods_code = l.ods_code
