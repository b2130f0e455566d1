-- All organisations above each organisation, over time: its parents of every level, their parents, and so on. A way up
-- holds while each of its steps does. Where several ways lead to the same ancestor at one time, the shortest counts.
-- No way leads through the place of a commissioning hub: it serves others than the ICB where its office is.

WITH RECURSIVE spans AS MATERIALIZED ( -- noqa: PRS
    SELECT DISTINCT
        ods_code AS descendant_code,
        parent_code AS ancestor_code,
        valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.hierarchy_parents
),

-- Two levels may name one parent, and one relationship may follow another: such spans become one. Few pairs have any.
meeting AS MATERIALIZED (
    SELECT DISTINCT
        a.descendant_code,
        a.ancestor_code
    FROM spans AS a
    JOIN spans AS b
        ON b.descendant_code = a.descendant_code AND b.ancestor_code = a.ancestor_code
        AND b.valid_from <= a.valid_to AND b.valid_to >= a.valid_from
        AND (b.valid_from <> a.valid_from OR b.valid_to <> a.valid_to)
),

to_join AS (
    FROM spans
    SEMI JOIN meeting USING (descendant_code, ancestor_code)
),

links AS MATERIALIZED (
    FROM joined_runs('to_join', (descendant_code, ancestor_code), true)
    UNION ALL BY NAME
    FROM spans
    ANTI JOIN meeting USING (descendant_code, ancestor_code)
),

hubs AS MATERIALIZED (
    SELECT DISTINCT ods_code
    FROM marts.organisation_kinds
    WHERE kind = 'commissioning_hub'
),

of_hubs AS (
    SELECT DISTINCT
        ods_code AS descendant_code,
        parent_code AS ancestor_code,
        valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.hierarchy_parents
    SEMI JOIN hubs USING (ods_code)
    WHERE level NOT IN ('partner_icb', 'geography_icb', 'area')
),

higher_links AS MATERIALIZED (
    FROM links AS l
    ANTI JOIN hubs AS h ON h.ods_code = l.descendant_code
    UNION ALL BY NAME
    FROM joined_runs('of_hubs', (descendant_code, ancestor_code), true)
),

-- Breadth first, one row for each pair and the days of a way: days on which a pair has a way already get no longer one,
-- so a dense graph costs what its pairs cost, not what its ways do (64 organisations in 8 layers have 19 million).
ways USING KEY (descendant_code, ancestor_code, valid_from, valid_to) AS (
    SELECT
        descendant_code,
        ancestor_code,
        valid_from,
        valid_to,
        1 AS depth
    FROM links
    UNION
    SELECT DISTINCT
        n.descendant_code,
        n.ancestor_code,
        n.valid_from,
        n.valid_to,
        n.depth
    FROM (
        SELECT
            w.descendant_code,
            l.ancestor_code,
            greatest(w.valid_from, l.valid_from) AS valid_from,
            least(w.valid_to, l.valid_to) AS valid_to,
            w.depth + 1 AS depth
        FROM ways AS w
        JOIN higher_links AS l
            ON l.descendant_code = w.ancestor_code AND l.ancestor_code <> w.descendant_code
            AND share_days(l.valid_from, l.valid_to, w.valid_from, w.valid_to)
    ) AS n
    ANTI JOIN recurring.ways AS r
        ON r.descendant_code = n.descendant_code AND r.ancestor_code = n.ancestor_code
        AND r.valid_from <= n.valid_from AND r.valid_to >= n.valid_to
),

distinct_ways AS MATERIALIZED (
    FROM ways
),

rivals AS MATERIALIZED (
    SELECT DISTINCT
        a.descendant_code,
        a.ancestor_code
    FROM distinct_ways AS a
    JOIN distinct_ways AS b
        ON b.descendant_code = a.descendant_code AND b.ancestor_code = a.ancestor_code
        AND b.valid_from <= a.valid_to AND b.valid_to >= a.valid_from
        AND (b.valid_from <> a.valid_from OR b.valid_to <> a.valid_to OR b.depth <> a.depth)
),

several AS MATERIALIZED (
    FROM distinct_ways
    SEMI JOIN rivals USING (descendant_code, ancestor_code)
),

days AS (
    SELECT
        descendant_code,
        ancestor_code,
        valid_from AS day
    FROM several
    UNION
    SELECT
        descendant_code,
        ancestor_code,
        valid_to
    FROM several
),

pieces AS (
    SELECT
        descendant_code,
        ancestor_code,
        day AS valid_from,
        lead(day) OVER (PARTITION BY descendant_code, ancestor_code ORDER BY day) AS valid_to
    FROM days
),

shortest AS (
    SELECT
        p.descendant_code,
        p.ancestor_code,
        p.valid_from,
        p.valid_to,
        min(w.depth) AS depth
    FROM pieces AS p
    JOIN several AS w
        ON w.descendant_code = p.descendant_code AND w.ancestor_code = p.ancestor_code
        AND holds_on(w.valid_from, w.valid_to, p.valid_from)
    GROUP BY ALL
)

SELECT * REPLACE (nullif(valid_to, DATE 'infinity') AS valid_to)
FROM (
    FROM joined_runs('shortest', (descendant_code, ancestor_code), depth)
    UNION ALL BY NAME
    FROM distinct_ways
    ANTI JOIN rivals USING (descendant_code, ancestor_code)
)
