-- relationships
-- Every relationship is an edge with its own dates: ODS's ends are inclusive, those of edges are the day after.
SELECT
    'missing or with other dates' AS problem,
    r.ods_code || ' ' || r.rel_id || ' ' || r.target_ods_code AS label
FROM ord.relationships AS r
ANTI JOIN mart AS m
    ON m.unique_rel_id = r.unique_rel_id AND m.ods_code = r.ods_code AND m.parent_code = r.target_ods_code
    AND (r.operational_start IS NULL OR m.valid_from = r.operational_start)
    AND (r.operational_end IS NULL OR m.valid_to IS NOT DISTINCT FROM day_after(r.operational_end))
