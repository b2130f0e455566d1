-- successions
-- Every published entry between two codes is an edge, with a date no earlier than its own.
SELECT
    'lost or dated too early' AS problem,
    s.ods_code || ' ' || s.succession_type || ' ' || s.target_ods_code AS label
FROM ord.successions AS s
ANTI JOIN mart AS m
    ON coalesce(m.effective_on >= s.legal_start, s.legal_start IS NULL)
    AND m.old_code = CASE s.succession_type WHEN 'Successor' THEN s.ods_code ELSE s.target_ods_code END
    AND m.new_code = CASE s.succession_type WHEN 'Successor' THEN s.target_ods_code ELSE s.ods_code END
WHERE s.ods_code <> s.target_ods_code
