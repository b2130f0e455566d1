-- Whether each code is open today, and why, in words. Active is not open: a record stays Active until all its dates
-- have ended, so openness follows from the dates. Codes whose deletion is confirmed are here too. Their primary role
-- alone decides their kind, because ord.deletions holds no other role.

WITH by_day AS (
    SELECT
        old_code,
        effective_on,
        list(new_code ORDER BY new_code) AS codes
    FROM marts.succession_edges
    GROUP BY old_code, effective_on
),

-- A successor that has not begun is reported apart from those that have, with its day.
successors AS (
    SELECT
        old_code,
        flatten(list(codes) FILTER (effective_on <= ods_today())) AS begun,
        flatten(list(codes) FILTER (effective_on IS NULL)) AS undated,
        string_agg(array_to_string(codes, ', ') || ' from ' || effective_on, ' and ' ORDER BY effective_on)
        FILTER (effective_on > ods_today()) AS ahead,
        min(effective_on) FILTER (effective_on <= ods_today()) AS since
    FROM by_day
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
        openness_of(
            status, operational_start, legal_start, operational_end, legal_end, last_change_date, ods_today()
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
),

-- The successors to report, and whether those ahead are among them. Without a day, a successor of a closed organisation
-- has taken over; of an open one it has not. An open one whose successor has begun is a contradiction, and is not
-- explained.
succeeded AS (
    SELECT
        j.*,
        CASE WHEN is_open THEN s.since END AS succeeded_on,
        s.since,
        list_sort(list_concat(s.begun, CASE WHEN NOT is_open OR s.begun IS NULL THEN s.undated END)) AS codes,
        CASE WHEN NOT is_open OR s.begun IS NULL THEN s.ahead END AS ahead
    FROM (
        SELECT
            *,
            openness IN ('not_yet_open', 'open', 'closing') AS is_open
        FROM judged
    ) AS j
    LEFT JOIN successors AS s ON s.old_code = j.ods_code
)

SELECT
    ods_code,
    name,
    kind,
    openness,
    is_archived,
    opens_on,
    closes_on,
    in_law_from,
    succeeded_on,
    ods_today() AS as_of,
    concat_ws(
        '; ',
        words,
        CASE WHEN len(codes) > 0 OR ahead IS NULL THEN successors_in_words(openness, codes, since, ods_today()) END,
        to_be_succeeded_in_words(ahead)
    ) AS explanation
FROM succeeded
