-- Which practice was in which PCN and when, who commissioned the practice, and who received the PCN's payments.
-- Membership is that of provider_hierarchy: one PCN at a time. The payee's relationship (IS NOMINATED PAYEE FOR)
-- points from the payee to the PCN and is read backwards; a membership is cut where the payee changes.

WITH memberships AS (
    SELECT
        ods_code AS practice_code,
        pcn_code,
        sub_icb_code,
        is_ambiguous,
        valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.provider_hierarchy
    WHERE pcn_code IS NOT NULL
),

payees AS (
    SELECT
        ods_code AS payee_code,
        parent_code AS pcn_code,
        valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to,
        unique_rel_id
    FROM marts.hierarchy_edges
    WHERE rel_id = re_nominated_payee_for() AND valid_from IS NOT NULL
),

days AS (
    SELECT
        practice_code,
        valid_from AS day
    FROM memberships
    UNION
    SELECT
        m.practice_code,
        d.day
    FROM memberships AS m
    JOIN (
        SELECT
            pcn_code,
            valid_from AS day
        FROM payees
        UNION
        SELECT
            pcn_code,
            valid_to
        FROM payees
    ) AS d ON d.pcn_code = m.pcn_code AND d.day > m.valid_from AND d.day < m.valid_to
),

pieces AS (
    SELECT
        m.practice_code,
        m.pcn_code,
        m.sub_icb_code,
        m.is_ambiguous,
        d.day AS valid_from,
        -- The next day may be beyond a time without any PCN.
        least(lead(d.day) OVER (PARTITION BY m.practice_code ORDER BY d.day), m.valid_to) AS valid_to
    FROM days AS d
    JOIN memberships AS m ON m.practice_code = d.practice_code AND holds_on(m.valid_from, m.valid_to, d.day)
),

paid AS (
    SELECT
        p.*,
        y.payee_code
    FROM pieces AS p
    LEFT JOIN payees AS y ON y.pcn_code = p.pcn_code AND holds_on(y.valid_from, y.valid_to, p.valid_from)
    QUALIFY row_number() OVER (
            PARTITION BY p.practice_code, p.valid_from ORDER BY y.valid_from DESC, y.payee_code, y.unique_rel_id
        ) = 1
)

SELECT
    m.pcn_code,
    pcn.name AS pcn_name,
    m.practice_code,
    practice.name AS practice_name,
    m.valid_from,
    nullif(m.valid_to, DATE 'infinity') AS valid_to,
    m.payee_code AS nominated_payee_code,
    payee.name AS nominated_payee_name,
    m.sub_icb_code,
    m.is_ambiguous
FROM joined_runs('paid', practice_code, (pcn_code, sub_icb_code, payee_code, is_ambiguous)) AS m
LEFT JOIN ord.organisations AS pcn ON pcn.ods_code = m.pcn_code
LEFT JOIN ord.organisations AS practice ON practice.ods_code = m.practice_code
LEFT JOIN ord.organisations AS payee ON payee.ods_code = m.payee_code
