-- inferred successors
-- An organisation that is still open, or whose successor is recorded, has no candidate. Candidates are of the same kind
-- and near in place and time, were open after the old code had closed, and lead to codes that are open.
SELECT
    'with a recorded successor' AS problem,
    old_code AS label
FROM mart
WHERE old_code IN (
        SELECT CASE succession_type WHEN 'Successor' THEN ods_code ELSE target_ods_code END
        FROM ord.successions
        WHERE target_ods_code <> ods_code
    )
UNION ALL
SELECT
    'still open',
    m.old_code
FROM mart AS m
JOIN ord.organisations AS o ON o.ods_code = m.old_code
WHERE coalesce(o.operational_end, o.legal_end) >= ods_today() AND coalesce(o.legal_end >= ods_today(), true)
UNION ALL
SELECT
    'of another kind or too far away',
    m.old_code || ' -> ' || m.candidate_code
FROM mart AS m
JOIN marts.organisation_status AS a ON a.ods_code = m.old_code
JOIN marts.organisation_status AS b ON b.ods_code = m.candidate_code
WHERE a.kind <> b.kind OR NOT (m.same_uprn OR m.same_postcode)
    -- 730 days before the last day, which is 731 before the day after it.
    OR m.days_between NOT BETWEEN -731 AND 183
UNION ALL
SELECT
    'closed by the day the old code closed',
    old_code || ' -> ' || candidate_code
FROM mart
WHERE candidate_closed_on <= closed_on
UNION ALL
SELECT
    'candidates of each other',
    a.old_code || ' <-> ' || a.candidate_code
FROM mart AS a
JOIN mart AS b ON b.old_code = a.candidate_code AND b.candidate_code = a.old_code
UNION ALL
SELECT
    'leads to a code that is not open',
    m.old_code || ' -> ' || s.ods_code
FROM mart AS m
JOIN marts.organisation_status AS s ON list_contains(m.now_codes, s.ods_code)
WHERE s.openness IN ('legally_closed', 'closed', 'deleted')
