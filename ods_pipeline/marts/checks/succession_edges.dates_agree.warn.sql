-- dates of successions
-- The two sides of one succession are at most a day apart; a longer gap may be two events in one row.
SELECT
    'with dates ' || days_apart || ' days apart' AS problem,
    old_code || ' -> ' || new_code AS label
FROM mart
WHERE days_apart > 1
