-- The life of each organisation, cut into pieces at every day on which something about its parents or its kind changes.
-- Most organisations have links that last as long as they do: those are one piece, and only the others are cut.
-- 0001-01-01 and infinity mean no beginning and no end.

WITH lives AS MATERIALIZED (
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
        FROM steps.links_in_reach
        WHERE depth > 0
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
        holds_on(l.valid_from, l.valid_to, c.valid_from) AS is_alive,
        l.valid_to <= c.valid_from AS is_over
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
        ended_before_icbs,
        false AS is_over
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
        ended_before_icbs,
        is_over
    FROM cut_lives
    WHERE is_alive
    UNION ALL
    SELECT
        ods_code,
        valid_from,
        valid_to,
        is_icb,
        country,
        ended_before_icbs,
        is_over
    FROM cut_lives AS c
    SEMI JOIN steps.chosen_parents AS p
        ON p.ods_code = c.ods_code AND holds_on(p.valid_from, p.valid_to, c.valid_from)
    WHERE NOT is_alive
)

SELECT
    p.*,
    k.kind
FROM pieces AS p
JOIN kinds AS k ON k.ods_code = p.ods_code AND holds_on(k.valid_from, k.valid_to, p.valid_from)
