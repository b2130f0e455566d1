-- PCN memberships
-- Every row must stand on a relationship IS PARTNER TO, and its payee on IS NOMINATED PAYEE FOR on every day of it,
-- of which several may follow one another; rows of a practice must not overlap; who is partner of a PCN today
-- must have a row today. Read from the relationships themselves, past edges and hierarchy; the days for which one
-- holds are those of holds_from and holds_to, as everywhere: another rule here would refuse what is meant so.
WITH stated AS (
    SELECT
        r.ods_code, r.rel_id, r.target_ods_code,
        holds_from(r.operational_start, r.legal_start) AS first_day,
        coalesce(
            holds_to(r.status, r.operational_start, r.operational_end, r.legal_end, o.last_change_date), DATE 'infinity'
        ) AS until
    FROM ord.relationships AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code
    WHERE r.rel_id IN ('RE8', 'RE9') AND first_day < until
),

members AS (
    SELECT *, practice_code || ' ' || valid_from AS label, coalesce(valid_to - 1, valid_from) AS last_day
    FROM mart
),

-- A payee is stated on every day of a row if stated on its ends and on each day after one of its relationships.
days_with_payee AS (
    SELECT nominated_payee_code AS payee_code, pcn_code, label, unnest([valid_from, last_day]) AS day FROM members
    UNION
    SELECT m.nominated_payee_code, m.pcn_code, m.label, s.until
    FROM members AS m
    JOIN stated AS s ON s.rel_id = 'RE9' AND s.ods_code = m.nominated_payee_code AND s.target_ods_code = m.pcn_code
    WHERE s.until > m.valid_from AND s.until <= m.last_day
)

SELECT 'not a partner' AS problem, m.label
FROM members AS m
ANTI JOIN stated AS s
    ON s.rel_id = 'RE8' AND s.ods_code = m.practice_code AND s.target_ods_code = m.pcn_code
    AND s.first_day <= m.valid_from AND s.until > m.valid_from
UNION ALL
SELECT DISTINCT 'not a payee', d.label
FROM days_with_payee AS d
ANTI JOIN stated AS s
    ON s.rel_id = 'RE9' AND s.ods_code = d.payee_code AND s.target_ods_code = d.pcn_code
    AND s.first_day <= d.day AND s.until > d.day
WHERE d.payee_code IS NOT NULL
UNION ALL
SELECT 'no payee, though there is one', m.label
FROM members AS m
JOIN stated AS s ON s.rel_id = 'RE9' AND s.target_ods_code = m.pcn_code AND s.first_day <= m.valid_from AND s.until > m.valid_from
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
WHERE s.rel_id = 'RE8' AND s.first_day <= ods_today() AND s.until > ods_today()
