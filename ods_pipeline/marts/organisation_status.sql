-- Whether each code is open today, and why, in words. Active is not open: a record stays Active until all its dates
-- have ended, so openness follows from the dates. Codes whose deletion is confirmed are here too. Their primary role
-- alone decides their kind, because ord.deletions holds no other role.

WITH successors AS (
    SELECT
        old_code,
        array_to_string(list(new_code ORDER BY new_code), ', ') AS codes
    FROM marts.succession_edges
    GROUP BY old_code
),

kinds AS (
    SELECT
        ods_code,
        kind
    FROM marts.organisation_kinds
    WHERE coalesce(valid_to > ods_today(), true)
    QUALIFY row_number() OVER (PARTITION BY ods_code ORDER BY valid_from) = 1
),

held AS (
    SELECT
        o.*,
        openness_on(
            status, legal_end, holds_from(operational_start, legal_start), operational_end, ods_today()
        ) AS openness,
        CASE WHEN legal_end < ods_today() THEN legal_end END AS past_legal_end
    FROM ord.organisations AS o
),

judged AS (
    SELECT
        h.ods_code,
        h.name,
        k.kind,
        h.openness,
        h.status,
        h.published_in = 'archive' AS is_archived,
        holds_from(h.operational_start, h.legal_start) AS opens_on,
        CASE h.openness
            WHEN 'open' THEN NULL
            WHEN 'not_yet_open' THEN least(h.operational_end, h.legal_end)
            WHEN 'closing' THEN least(h.operational_end, h.legal_end)
            ELSE coalesce(h.past_legal_end, h.operational_end)
        END AS closes_on
    FROM held AS h
    JOIN kinds AS k USING (ods_code)
    UNION ALL
    SELECT
        d.ods_code,
        d.name,
        coalesce(k.kind, 'other'),
        'deleted',
        NULL,
        false,
        NULL,
        d.deleted_on
    FROM ord.deletions AS d
    LEFT JOIN kinds_of_organisation AS k ON k.with_role_id IS NULL AND k.primary_role_id = d.primary_role_id
    WHERE d.state = 'confirmed'
    QUALIFY row_number() OVER (PARTITION BY d.ods_code ORDER BY k.preference) = 1
)

SELECT
    j.ods_code,
    j.name,
    j.kind,
    j.openness,
    j.is_archived,
    j.opens_on,
    j.closes_on,
    ods_today() AS as_of,
    CASE j.openness
        WHEN 'not_yet_open' THEN 'Opens on ' || j.opens_on
        WHEN 'open' THEN coalesce('Open since ' || nullif(j.opens_on, DATE '1900-01-01'), 'Open')
        WHEN 'closing' THEN 'Open; closes after ' || j.closes_on
        WHEN 'legally_closed' THEN j.status || ', but legally closed on ' || j.closes_on
        WHEN 'deleted' THEN 'Deleted from the register on ' || j.closes_on
        ELSE coalesce('Closed on ' || j.closes_on, 'Closed (Inactive); ODS gives no end date')
    END
    || CASE
        WHEN s.codes IS NOT NULL AND j.openness IN ('legally_closed', 'closed', 'deleted')
            THEN '; succeeded by ' || s.codes
        WHEN s.codes IS NOT NULL THEN '; recorded as its successor: ' || s.codes
        WHEN j.openness IN ('legally_closed', 'closed', 'deleted') THEN '; ODS records no successor'
        ELSE ''
    END AS explanation
FROM judged AS j
LEFT JOIN successors AS s ON s.old_code = j.ods_code
