-- Codes that are closed in law or in operation, or deleted, with the successors ODS records for them.
-- A succession stands on both sides (Successor on the old record, Predecessor on the new one) and either
-- side is enough.

WITH edges AS (
    SELECT ods_code AS old_code, target_ods_code AS new_code
    FROM ord.successions
    WHERE succession_type = 'Successor'
    UNION
    SELECT target_ods_code, ods_code
    FROM ord.successions
    WHERE succession_type = 'Predecessor'
),

successors AS (
    SELECT old_code, list(new_code ORDER BY new_code) AS successor_codes
    FROM edges
    WHERE old_code <> new_code
    GROUP BY old_code
),

closed AS (
    SELECT
        ods_code, name, primary_role_id, primary_role_name,
        openness_on(status, legal_end, operational_start, operational_end, ods_today()) AS openness,
        coalesce(CASE WHEN legal_end < ods_today() THEN legal_end END, operational_end) AS closed_on,
        legal_end, operational_end, status, last_change_date AS recorded_on
    FROM ord.organisations
    UNION ALL
    SELECT
        d.ods_code, d.name, d.primary_role_id, c.display_name, 'deleted', d.deleted_on, NULL, NULL, NULL, d.deleted_on
    FROM ord.deletions AS d
    LEFT JOIN ord.code_systems AS c ON c.id = d.primary_role_id AND c.code_system = 'OrganisationRole'
    WHERE d.state = 'confirmed'
)

SELECT
    c.ods_code, c.name, c.primary_role_id, c.primary_role_name, c.openness, c.closed_on, c.legal_end, c.operational_end,
    c.recorded_on,
    coalesce(s.successor_codes, []) AS successor_codes,
    coalesce(len(s.successor_codes), 0)::BIGINT AS successor_count,
    CASE c.openness
        WHEN 'deleted' THEN 'Deleted from the register on ' || c.closed_on
        WHEN 'legally_closed' THEN c.status || ', but legally closed on ' || c.legal_end
        ELSE coalesce('Closed on ' || c.closed_on, 'Closed (Inactive); ODS gives no end date')
    END
    || CASE
        WHEN s.successor_codes IS NOT NULL THEN '; succeeded by ' || array_to_string(s.successor_codes, ', ')
        ELSE '; ODS records no successor'
    END AS explanation
FROM closed AS c
LEFT JOIN successors AS s ON s.old_code = c.ods_code
WHERE c.openness IN ('legally_closed', 'closed', 'deleted')
ORDER BY c.ods_code
