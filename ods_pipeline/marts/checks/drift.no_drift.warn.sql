-- releases and the deltas held before them
-- Any row is news: a change that the deltas should have shown and did not.
SELECT
    drift_kind || ' in the release of ' || release_as_of AS problem,
    ods_code AS label
FROM mart
