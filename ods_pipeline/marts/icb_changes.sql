-- GP practices, trusts and sub-ICB locations whose ICB changes on a reconfiguration day, past or scheduled: a day on
-- which an ICB begins or no longer exists, in law or in operation. What is closed by that day, or begins on it, does
-- not change, although a link that nobody ended may lead to one ICB and then to another.

WITH icbs AS (
    FROM ord.organisations
    WHERE primary_role_id = ro_icb()
),

reconfigurations AS (
    SELECT operational_start AS day FROM icbs
    UNION
    SELECT legal_start FROM icbs
    UNION
    SELECT day_after(operational_end) FROM icbs
    UNION
    SELECT day_after(legal_end) FROM icbs
),

moves AS (
    SELECT
        ods_code,
        kind,
        valid_from AS effective_on,
        lag(icb_code) OVER in_time AS old_icb_code,
        icb_code AS new_icb_code,
        lag(valid_to) OVER in_time = valid_from AS follows
    FROM marts.provider_hierarchy
    WINDOW in_time AS (PARTITION BY ods_code ORDER BY valid_from)
)

SELECT
    m.effective_on,
    m.ods_code,
    o.name,
    m.kind,
    m.old_icb_code,
    old.name AS old_icb_name,
    m.new_icb_code,
    new.name AS new_icb_name,
    m.effective_on > ods_today() AS is_scheduled
FROM moves AS m
JOIN reconfigurations AS r ON r.day = m.effective_on
JOIN ord.organisations AS o
    ON o.ods_code = m.ods_code AND coalesce(holds_from(o.operational_start, o.legal_start) < m.effective_on, true)
    AND coalesce(
        holds_to(o.status, o.operational_start, o.legal_start, o.operational_end, o.legal_end, o.last_change_date)
        > m.effective_on,
        true
    )
LEFT JOIN icbs AS old ON old.ods_code = m.old_icb_code
LEFT JOIN icbs AS new ON new.ods_code = m.new_icb_code
WHERE m.kind IN ('gp_practice', 'trust', 'sub_icb') AND m.follows AND m.old_icb_code <> m.new_icb_code
