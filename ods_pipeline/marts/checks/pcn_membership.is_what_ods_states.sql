-- PCN memberships
-- Every row rests on a relationship IS PARTNER TO, and on every day of it its payee on IS NOMINATED PAYEE FOR, of which
-- several may follow one another. Rows of a practice do not overlap. A practice that is partner of a PCN today has a
-- row today. The check reads the relationships themselves, not edges or hierarchy. The days for which one holds are
-- those of holds_from and holds_to: another rule here would reject rows that are meant to be so.
WITH stated AS (
    SELECT
        r.ods_code,
        r.rel_id,
        r.target_ods_code,
        holds_from(r.operational_start, r.legal_start) AS first_day,
        coalesce(
            holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, o.last_change_date),
            DATE 'infinity'
        ) AS until
    FROM ord.relationships AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code
    WHERE r.rel_id IN (re_partner_to(), re_nominated_payee_for()) AND first_day < until
),

members AS (
    SELECT
        *,
        practice_code || ' ' || valid_from AS label,
        coalesce(valid_to - 1, valid_from) AS last_day
    FROM mart
),

-- ODS states a payee on every day of a row if it does so on the first and the last day, and on each day after one of
-- the payee's relationships ends.
days_with_payee AS (
    SELECT
        nominated_payee_code AS payee_code,
        pcn_code,
        label,
        unnest([valid_from, last_day]) AS day
    FROM members
    UNION
    SELECT
        m.nominated_payee_code,
        m.pcn_code,
        m.label,
        s.until
    FROM members AS m
    JOIN stated AS s
        ON s.rel_id = re_nominated_payee_for() AND s.ods_code = m.nominated_payee_code
        AND s.target_ods_code = m.pcn_code
    WHERE s.until > m.valid_from AND s.until <= m.last_day
)

SELECT
    'not a partner' AS problem,
    m.label
FROM members AS m
ANTI JOIN stated AS s
    ON s.rel_id = re_partner_to() AND s.ods_code = m.practice_code AND s.target_ods_code = m.pcn_code
    AND holds_on(s.first_day, s.until, m.valid_from)
UNION ALL
SELECT DISTINCT
    'not a payee',
    d.label
FROM days_with_payee AS d
ANTI JOIN stated AS s
    ON s.rel_id = re_nominated_payee_for() AND s.ods_code = d.payee_code AND s.target_ods_code = d.pcn_code
    AND holds_on(s.first_day, s.until, d.day)
WHERE d.payee_code IS NOT NULL
UNION ALL
SELECT
    'no payee, though there is one',
    m.label
FROM members AS m
JOIN stated AS s
    ON s.rel_id = re_nominated_payee_for() AND s.target_ods_code = m.pcn_code
    AND holds_on(s.first_day, s.until, m.valid_from)
WHERE m.nominated_payee_code IS NULL
UNION ALL
SELECT
    'overlaps',
    a.label
FROM members AS a
JOIN members AS b
    ON b.practice_code = a.practice_code
    AND b.valid_from > a.valid_from AND coalesce(a.valid_to > b.valid_from, true)
UNION ALL
SELECT
    'missing today',
    s.ods_code
FROM stated AS s
JOIN ord.organisations AS practice
    ON practice.ods_code = s.ods_code
    AND practice.primary_role_id = ro_prescribing_cost_centre()
JOIN ord.organisations AS pcn
    ON pcn.ods_code = s.target_ods_code
    AND pcn.primary_role_id = ro_pcn()
ANTI JOIN members AS m
    ON m.practice_code = s.ods_code AND holds_on(m.valid_from, m.valid_to, ods_today())
WHERE s.rel_id = re_partner_to() AND holds_on(s.first_day, s.until, ods_today())
