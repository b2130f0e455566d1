-- successions
-- A code that leads back to itself through others has no newest code: the walk ends where it began.
SELECT
    'in a circle' AS problem,
    forth.old_code || ' -> ' || forth.new_code || ' -> ' || forth.old_code AS label
FROM mart AS forth
JOIN mart AS back ON back.old_code = forth.new_code AND back.new_code = forth.old_code
WHERE forth.old_code < forth.new_code
