-- The rows of hierarchy_parents with a number each (link), so that later steps look them up cheaply, and with
-- infinity for an open end.

SELECT
    row_number() OVER () AS link,
    ods_code,
    level,
    parent_code,
    rel_id,
    unique_rel_id,
    valid_from,
    coalesce(valid_to, DATE 'infinity') AS valid_to,
    is_ambiguous
FROM marts.hierarchy_parents
