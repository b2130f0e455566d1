-- PCN memberships
-- Every row must stand on a relationship IS PARTNER TO, and its payee on IS NOMINATED PAYEE FOR, at both its ends;
-- rows of a practice must not overlap; who is partner of a PCN today must have a row today.
WITH stated AS (
    SELECT ods_code, rel_id, target_ods_code, operational_start AS first_day, coalesce(operational_end, DATE 'infinity') AS last_day
    FROM ord.relationships
    WHERE rel_id IN ('RE8', 'RE9')
),

members AS (
    SELECT *, practice_code || ' ' || valid_from AS label, coalesce(valid_to - 1, valid_from) AS last_day
    FROM mart
)

SELECT 'not a partner' AS problem, m.label
FROM members AS m
WHERE NOT EXISTS (
        FROM stated AS s
        WHERE s.rel_id = 'RE8' AND s.ods_code = m.practice_code AND s.target_ods_code = m.pcn_code
            AND s.first_day <= m.valid_from AND s.last_day >= m.valid_from
    )
UNION ALL
SELECT 'not a payee', m.label
FROM members AS m
WHERE m.nominated_payee_code IS NOT NULL
    AND NOT EXISTS (
        FROM stated AS s
        WHERE s.rel_id = 'RE9' AND s.ods_code = m.nominated_payee_code AND s.target_ods_code = m.pcn_code
            AND s.first_day <= m.valid_from AND s.last_day >= m.last_day
    )
UNION ALL
SELECT 'no payee, though there is one', m.label
FROM members AS m
JOIN stated AS s ON s.rel_id = 'RE9' AND s.target_ods_code = m.pcn_code AND s.first_day <= m.valid_from AND s.last_day >= m.valid_from
WHERE m.nominated_payee_code IS NULL
UNION ALL
SELECT 'overlaps', a.label
FROM members AS a
JOIN members AS b ON b.practice_code = a.practice_code AND b.valid_from > a.valid_from AND coalesce(a.valid_to > b.valid_from, true)
UNION ALL
SELECT 'missing today', s.ods_code
FROM stated AS s
JOIN ord.organisations AS practice ON practice.ods_code = s.ods_code AND practice.primary_role_id = 'RO177'
JOIN ord.organisations AS pcn ON pcn.ods_code = s.target_ods_code AND pcn.primary_role_id = 'RO272'
ANTI JOIN members AS m
    ON m.practice_code = s.ods_code AND m.valid_from <= ods_today() AND coalesce(m.valid_to > ods_today(), true)
WHERE s.rel_id = 'RE8' AND s.first_day <= ods_today() AND s.last_day = DATE 'infinity'
