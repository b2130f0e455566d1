-- Whether each code is open today, and why, in words. Active is not open: a record stays Active until all its dates
-- have ended, so openness follows from the dates. Codes whose deletion is confirmed are here too. Their primary role
-- alone decides their kind, because ord.deletions holds no other role.

WITH edges AS (
    SELECT
        old_code,
        new_code,
        effective_on,
        coalesce(effective_on <= ods_today(), false) AS is_past
    FROM marts.succession_edges
),

-- The successors that have begun, or if none has, those to come.
successors AS (
    SELECT
        old_code,
        list(new_code ORDER BY new_code) AS codes,
        list(new_code ORDER BY new_code) FILTER (is_past OR nothing_is_past) AS codes_by_now,
        min(effective_on) AS since
    FROM (
        SELECT
            *,
            NOT bool_or(is_past) OVER (PARTITION BY old_code) AS nothing_is_past
        FROM edges
    )
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
            status_by_days(status, operational_start, legal_start, legal_end, last_change_date),
            legal_end,
            holds_from(operational_start, legal_start),
            operational_end,
            ods_today()
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
        h.published_in = 'archive' AS is_archived,
        holds_from(h.operational_start, h.legal_start) AS opens_on,
        CASE h.openness
            WHEN 'open' THEN NULL
            WHEN 'not_yet_open' THEN least(h.operational_end, h.legal_end)
            WHEN 'closing' THEN least(h.operational_end, h.legal_end)
            ELSE coalesce(h.past_legal_end, h.operational_end)
        END AS closes_on,
        proposed_until(h.openness, h.legal_start, h.operational_start, ods_today()) AS in_law_from,
        openness_in_words(
            h.openness, h.legal_start, h.legal_end, h.operational_start, h.operational_end, ods_today()
        ) AS words
    FROM held AS h
    JOIN kinds AS k USING (ods_code)
    UNION ALL
    SELECT
        d.ods_code,
        d.name,
        coalesce(k.kind, 'other'),
        'deleted',
        false,
        NULL,
        d.deleted_on,
        NULL,
        'Deleted from the register on ' || d.deleted_on
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
    j.in_law_from,
    CASE WHEN j.openness IN ('not_yet_open', 'open', 'closing') AND s.since <= ods_today() THEN s.since END
        AS succeeded_on,
    ods_today() AS as_of,
    concat_ws(
        '; ',
        j.words,
        successors_in_words(
            j.openness,
            CASE WHEN j.openness IN ('not_yet_open', 'open', 'closing') THEN s.codes_by_now ELSE s.codes END,
            s.since,
            ods_today()
        )
    ) AS explanation
FROM judged AS j
LEFT JOIN successors AS s ON s.old_code = j.ods_code
