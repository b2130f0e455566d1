-- All that stands above each body, over time: parents of every level, their parents, and so on. A way up holds
-- while each of its steps does. Where several ways lead to the same ancestor at one time, the shortest counts.

WITH RECURSIVE spans AS MATERIALIZED (
    SELECT DISTINCT
        ods_code AS descendant_code, parent_code AS ancestor_code,
        valid_from, coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.hierarchy_parents
),

-- Two levels may name one parent, and one relationship may follow another: each stretch of time once. Few pairs
-- have spans that meet.
meeting AS MATERIALIZED (
    SELECT DISTINCT a.descendant_code, a.ancestor_code
    FROM spans AS a
    JOIN spans AS b
        ON b.descendant_code = a.descendant_code AND b.ancestor_code = a.ancestor_code
        AND b.valid_from <= a.valid_to AND b.valid_to >= a.valid_from
        AND (b.valid_from <> a.valid_from OR b.valid_to <> a.valid_to)
),

marked AS (
    SELECT
        *,
        coalesce(valid_from > max(valid_to) OVER (
            PARTITION BY descendant_code, ancestor_code ORDER BY valid_from, valid_to
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), true) AS is_new
    FROM spans
    SEMI JOIN meeting USING (descendant_code, ancestor_code)
),

numbered AS (
    SELECT *, count(*) FILTER (is_new) OVER (PARTITION BY descendant_code, ancestor_code ORDER BY valid_from, valid_to) AS stretch
    FROM marked
),

steps AS MATERIALIZED (
    SELECT descendant_code, ancestor_code, min(valid_from) AS valid_from, max(valid_to) AS valid_to
    FROM numbered
    GROUP BY descendant_code, ancestor_code, stretch
    UNION ALL
    SELECT descendant_code, ancestor_code, valid_from, valid_to
    FROM spans
    ANTI JOIN meeting USING (descendant_code, ancestor_code)
),

-- A body that came before on the way ends it.
ways AS (
    SELECT *, 1 AS depth, [descendant_code, ancestor_code] AS path
    FROM steps
    UNION ALL
    SELECT
        w.descendant_code, s.ancestor_code, greatest(w.valid_from, s.valid_from), least(w.valid_to, s.valid_to),
        w.depth + 1, list_append(w.path, s.ancestor_code)
    FROM ways AS w
    JOIN steps AS s
        ON s.descendant_code = w.ancestor_code AND s.valid_from < w.valid_to AND s.valid_to > w.valid_from
    WHERE NOT list_contains(w.path, s.ancestor_code)
),

found AS MATERIALIZED (
    SELECT DISTINCT descendant_code, ancestor_code, valid_from, valid_to, depth
    FROM ways
),

rivals AS MATERIALIZED (
    SELECT DISTINCT a.descendant_code, a.ancestor_code
    FROM found AS a
    JOIN found AS b
        ON b.descendant_code = a.descendant_code AND b.ancestor_code = a.ancestor_code
        AND b.valid_from <= a.valid_to AND b.valid_to >= a.valid_from
        AND (b.valid_from <> a.valid_from OR b.valid_to <> a.valid_to OR b.depth <> a.depth)
),

several AS MATERIALIZED (
    FROM found
    SEMI JOIN rivals USING (descendant_code, ancestor_code)
),

cuts AS (
    SELECT descendant_code, ancestor_code, valid_from AS day FROM several
    UNION
    SELECT descendant_code, ancestor_code, valid_to FROM several
),

pieces AS (
    SELECT
        descendant_code, ancestor_code, day AS piece_from,
        lead(day) OVER (PARTITION BY descendant_code, ancestor_code ORDER BY day) AS piece_to
    FROM cuts
),

judged AS (
    SELECT p.descendant_code, p.ancestor_code, p.piece_from, p.piece_to, min(w.depth) AS depth
    FROM pieces AS p
    JOIN several AS w
        ON w.descendant_code = p.descendant_code AND w.ancestor_code = p.ancestor_code
        AND w.valid_from <= p.piece_from AND w.valid_to >= p.piece_to
    GROUP BY ALL
),

compared AS (
    SELECT
        *,
        lag(piece_to) OVER in_time AS before_to,
        max(piece_to) OVER (PARTITION BY descendant_code, ancestor_code) AS last_to,
        before_to IS DISTINCT FROM piece_from OR lag(depth) OVER in_time IS DISTINCT FROM depth AS is_new
    FROM judged
    WINDOW in_time AS (PARTITION BY descendant_code, ancestor_code ORDER BY piece_from)
),

joined AS (
    SELECT
        descendant_code, ancestor_code, piece_from AS valid_from,
        lead(before_to, 1, last_to) OVER (PARTITION BY descendant_code, ancestor_code ORDER BY piece_from) AS valid_to, depth
    FROM compared
    WHERE is_new
)

SELECT * REPLACE (nullif(valid_to, DATE 'infinity') AS valid_to)
FROM (
    FROM joined
    UNION ALL BY NAME
    SELECT found.* FROM found ANTI JOIN rivals USING (descendant_code, ancestor_code)
)
