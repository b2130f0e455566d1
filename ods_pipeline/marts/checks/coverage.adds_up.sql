-- coverage
-- Organisations with a parent and without one, by reason, add up to all.
SELECT
    'with and without do not make all' AS problem,
    kind || ' ' || level AS label
FROM mart
WHERE open_codes <> can_have + takes_no_part + outside_england + commissioned_by_hub
    OR can_have <> with_parent + no_link + link_ended + link_not_begun + parent_not_held + parent_has_none
UNION ALL
SELECT
    'not every organisation is counted',
    level
FROM mart
GROUP BY level
HAVING sum(codes) <> (SELECT count(*) FROM ord.organisations)
