-- The links that an organisation may take a parent from: its own (depth 0), its operator's (1), and so on up the chain.
-- A link of an operator counts on the days on which both it and the steps to the operator hold.

WITH own AS MATERIALIZED (
    FROM steps.chosen_parents
    WHERE
        level IN (
            'commissioner', 'sub_icb', 'hub', 'commissioning_icb', 'partner_icb', 'geography_icb',
            'area_as_commissioner', 'area'
        )
)

SELECT
    ods_code,
    level,
    0 AS depth,
    link,
    unique_rel_id,
    valid_from,
    valid_to
FROM own
UNION ALL
SELECT
    c.ods_code,
    p.level,
    c.depth,
    p.link,
    p.unique_rel_id,
    greatest(c.valid_from, p.valid_from) AS valid_from,
    least(c.valid_to, p.valid_to) AS valid_to
FROM (
    SELECT
        ods_code,
        parent_code AS step_code,
        1 AS depth,
        valid_from,
        valid_to
    FROM steps.chosen_parents
    WHERE level = 'operator'
    UNION ALL
    SELECT
        ods_code,
        step_code,
        depth,
        valid_from,
        valid_to
    FROM steps.operator_chain
) AS c
JOIN own AS p ON p.ods_code = c.step_code AND share_days(p.valid_from, p.valid_to, c.valid_from, c.valid_to)
