-- differences between ORD and ODT
-- A difference that no rule explains: one of the two sources, or our reading of it, is wrong.
SELECT
    table_name || '.' || field || ' on ' || as_of AS problem,
    ods_code AS label
FROM mart
WHERE explanation IS NULL
