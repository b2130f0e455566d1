-- Which practice was in which PCN when, who commissioned the practice, and to whom the PCN's money went.
-- Membership is that of provider_hierarchy: one PCN at a time. The payee's relationship (RE9) points from the
-- payee to the PCN and is read backwards; a membership is cut where the payee changes.

WITH rows_with_pcn AS (
    SELECT ods_code AS practice_code, pcn_code, sub_icb_code, is_ambiguous, valid_from, valid_to
    FROM marts.provider_hierarchy
    WHERE pcn_code IS NOT NULL
),

payees AS (
    SELECT child_code AS payee_code, pcn_code, valid_from, valid_to, unique_rel_id
    FROM (
        SELECT ods_code AS child_code, parent_code AS pcn_code, valid_from, valid_to, unique_rel_id
        FROM marts.hierarchy_edges
        WHERE rel_id = 'RE9' AND valid_from IS NOT NULL
    )
),

cuts AS (
    SELECT practice_code, valid_from AS day FROM rows_with_pcn
    UNION
    SELECT m.practice_code, days.day
    FROM rows_with_pcn AS m
    JOIN (
        SELECT pcn_code, valid_from AS day FROM payees
        UNION
        SELECT pcn_code, valid_to FROM payees WHERE valid_to IS NOT NULL
    ) AS days ON days.pcn_code = m.pcn_code AND days.day > m.valid_from AND coalesce(days.day < m.valid_to, true)
),

pieces AS (
    SELECT
        m.practice_code, m.pcn_code, m.sub_icb_code, m.is_ambiguous, c.day AS valid_from,
        -- The next cut may lie beyond a time without any PCN.
        least(lead(c.day) OVER (PARTITION BY m.practice_code ORDER BY c.day), m.valid_to) AS valid_to
    FROM cuts AS c
    JOIN rows_with_pcn AS m
        ON m.practice_code = c.practice_code AND c.day >= m.valid_from AND coalesce(c.day < m.valid_to, true)
),

paid AS (
    SELECT p.*, y.payee_code
    FROM pieces AS p
    LEFT JOIN payees AS y
        ON y.pcn_code = p.pcn_code AND y.valid_from <= p.valid_from AND coalesce(y.valid_to > p.valid_from, true)
    QUALIFY row_number() OVER (
        PARTITION BY p.practice_code, p.valid_from ORDER BY y.valid_from DESC, y.payee_code, y.unique_rel_id
    ) = 1
),

-- Neighbours that say the same are one row.
marked AS (
    SELECT
        *,
        lag(valid_to) OVER w IS DISTINCT FROM valid_from
        OR lag((pcn_code, sub_icb_code, payee_code, is_ambiguous)) OVER w
            IS DISTINCT FROM (pcn_code, sub_icb_code, payee_code, is_ambiguous) AS is_new
    FROM paid
    WINDOW w AS (PARTITION BY practice_code ORDER BY valid_from)
),

grouped AS (
    SELECT *, count(*) FILTER (is_new) OVER (PARTITION BY practice_code ORDER BY valid_from) AS stretch
    FROM marked
),

merged AS (
    SELECT
        practice_code, pcn_code, sub_icb_code, payee_code, is_ambiguous,
        min(valid_from) AS valid_from,
        CASE WHEN count(*) = count(valid_to) THEN max(valid_to) END AS valid_to
    FROM grouped
    GROUP BY practice_code, stretch, pcn_code, sub_icb_code, payee_code, is_ambiguous
)

SELECT
    m.pcn_code, pcn.name AS pcn_name,
    m.practice_code, practice.name AS practice_name,
    m.valid_from, m.valid_to,
    m.payee_code AS nominated_payee_code, payee.name AS nominated_payee_name,
    m.sub_icb_code, m.is_ambiguous
FROM merged AS m
LEFT JOIN ord.organisations AS pcn ON pcn.ods_code = m.pcn_code
LEFT JOIN ord.organisations AS practice ON practice.ods_code = m.practice_code
LEFT JOIN ord.organisations AS payee ON payee.ods_code = m.payee_code
