-- The operators above each organisation, from the second step up: the operator of its operator, and so on. Most
-- organisations have one operator, whose row in chosen_parents is all there is to know; they have no row here.
-- A row holds while every step of it does. An organisation that is on the chain already ends it.

WITH RECURSIVE operators AS (
    FROM steps.chosen_parents
    WHERE level = 'operator'
),

chain AS (
    SELECT
        a.ods_code,
        b.parent_code AS step_code,
        2 AS depth,
        greatest(a.valid_from, b.valid_from) AS valid_from,
        least(a.valid_to, b.valid_to) AS valid_to,
        [a.ods_code, a.parent_code, b.parent_code] AS path,
        [
            {'level': 'operator', 'rel_id': a.rel_id, 'unique_rel_id': a.unique_rel_id},
            {'level': 'operator', 'rel_id': b.rel_id, 'unique_rel_id': b.unique_rel_id}
        ] AS via,
        a.is_ambiguous OR b.is_ambiguous AS is_ambiguous
    FROM operators AS a
    JOIN operators AS b ON b.ods_code = a.parent_code AND share_days(b.valid_from, b.valid_to, a.valid_from, a.valid_to)
    WHERE b.parent_code NOT IN (a.ods_code, a.parent_code)
    UNION ALL
    SELECT
        c.ods_code,
        o.parent_code,
        c.depth + 1,
        greatest(c.valid_from, o.valid_from),
        least(c.valid_to, o.valid_to),
        list_append(c.path, o.parent_code),
        list_append(c.via, {'level': 'operator', 'rel_id': o.rel_id, 'unique_rel_id': o.unique_rel_id}),
        c.is_ambiguous OR o.is_ambiguous
    FROM chain AS c
    JOIN operators AS o ON o.ods_code = c.step_code AND share_days(o.valid_from, o.valid_to, c.valid_from, c.valid_to)
    WHERE NOT list_contains(c.path, o.parent_code)
)

SELECT
    ods_code,
    step_code,
    depth,
    valid_from,
    valid_to,
    via,
    is_ambiguous
FROM chain
