-- Steps of ods_history, each a macro of its own, without WITH (see the docstring of the folder).

-- The last version of a code.
CREATE MACRO history_version(of_code) AS TABLE
    SELECT *
    FROM history.organisations
    WHERE ods_code = upper(trim(of_code))
    QUALIFY row_number() OVER (ORDER BY known_from DESC) = 1;

-- Roles and links with the days that ODS gives. An end inferred from LastChangeDate is not a date of the record, and a
-- legal end does not end what has an operational start.
CREATE MACRO history_parts(of_code) AS TABLE
    SELECT
        'role' AS part,
        coalesce(c.display_name, r.role_id) AS detail,
        NULL AS related_code,
        holds_from(r.operational_start, r.legal_start) AS begins,
        stated_to(r.operational_start, r.operational_end, r.legal_end) AS ends
    FROM history_version(of_code)
    JOIN history.roles AS r USING (ods_code, known_from)
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRole' AND c.id = r.role_id
    UNION ALL
    SELECT
        'relationship',
        coalesce(c.display_name, r.rel_id),
        r.target_ods_code,
        holds_from(r.operational_start, r.legal_start),
        stated_to(r.operational_start, r.operational_end, r.legal_end)
    FROM history_version(of_code)
    JOIN history.relationships AS r USING (ods_code, known_from)
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRelationship' AND c.id = r.rel_id;

-- The dates of the last record.
CREATE MACRO history_dates(of_code) AS TABLE
    SELECT
        operational_start AS on_day,
        'opened' AS event,
        NULL AS detail,
        NULL AS related_code
    FROM history_version(of_code)
    WHERE operational_start > DATE '1900-01-01'
    UNION ALL
    SELECT
        legal_start,
        'legally_opened',
        NULL,
        NULL
    FROM history_version(of_code)
    WHERE legal_start > DATE '1900-01-01' AND legal_start IS DISTINCT FROM operational_start
    UNION ALL
    SELECT
        day_after(operational_end),
        'closed',
        NULL,
        NULL
    FROM history_version(of_code)
    UNION ALL
    SELECT
        day_after(legal_end),
        'legally_closed',
        CASE
            WHEN status = 'Active' THEN 'the record stays Active until its operational end, and ODS gives '
                || coalesce(operational_end::VARCHAR, 'none')
        END,
        NULL
    FROM history_version(of_code)
    WHERE legal_end IS DISTINCT FROM operational_end
    UNION ALL
    SELECT
        p.begins,
        p.part || '_added',
        p.detail,
        p.related_code
    FROM history_parts(of_code) AS p
    CROSS JOIN history_version(of_code) AS v
    WHERE p.part = 'relationship'
        OR (p.begins IS DISTINCT FROM v.operational_start AND p.begins IS DISTINCT FROM v.legal_start)
    UNION ALL
    SELECT
        p.ends,
        p.part || '_ended',
        p.detail,
        p.related_code
    FROM history_parts(of_code) AS p
    CROSS JOIN history_version(of_code) AS v
    WHERE p.ends IS DISTINCT FROM day_after(v.operational_end) AND p.ends IS DISTINCT FROM day_after(v.legal_end)
    UNION ALL
    SELECT
        s.legal_start,
        lower(s.succession_type) || '_recorded',
        NULL,
        s.target_ods_code
    FROM history_version(of_code)
    JOIN history.successions AS s USING (ods_code, known_from);

-- The changes seen.
CREATE MACRO history_changes(of_code) AS TABLE
    SELECT
        c.effective_on AS on_day,
        c.change_kind AS event,
        CASE
            WHEN c.change_kind = 'deleted' THEN c.new_value || ', ' || c.field
            ELSE nullif(concat_ws(
                    ' ', c.field || ':', r.display_name,
                    CASE WHEN c.old_value IS NOT NULL THEN c.old_value || ' ->' END,
                    CASE WHEN c.old_value IS NOT NULL OR c.new_value IS NOT NULL
                            THEN coalesce(c.new_value, 'none')
                    END
                ), '')
        END AS detail,
        c.related_code,
        c.detected_on AS seen_on,
        c.old_value
    FROM marts.code_changes AS c
    LEFT JOIN ord.code_systems AS r ON r.id = coalesce(c.rel_id, c.role_id)
    WHERE c.ods_code = upper(trim(of_code));

-- ods_history(code): the life of a code, one line per event, in order of the day from which each holds.
-- There are two sources: the dates of its last record (source record), and the changes since the first release held
-- (source change; seen_on is the day we saw it). An event that both have is one line, the change. Roles and links that
-- begin or end with the organisation itself have no line of their own, except for the start of a link, which names the
-- other organisation.
CREATE MACRO ods_history(of_code) AS TABLE
    SELECT
        l.on_day,
        l.event,
        l.detail,
        l.related_code,
        names.name AS related_name,
        l.seen_on,
        l.source
    FROM (
        SELECT
            on_day,
            event,
            detail,
            related_code,
            seen_on,
            'change' AS source
        FROM history_changes(of_code)
        UNION ALL
        SELECT
            d.on_day,
            d.event,
            d.detail,
            d.related_code,
            NULL,
            'record'
        FROM history_dates(of_code) AS d
        WHERE d.on_day IS NOT NULL
            AND NOT EXISTS (
                SELECT 1
                FROM history_changes(of_code) AS c
                WHERE c.on_day = d.on_day
                    AND CASE
                        -- A move is the start of one link and the end of another. A succession of that day is neither.
                        WHEN d.related_code IS NOT NULL
                            THEN c.event IN (d.event, 'parent_changed')
                                AND d.related_code IN (c.related_code, c.old_value)
                        -- What reopens may have a new start.
                        WHEN d.event = 'opened' AND c.event = 'reopened' THEN true
                        -- Without an operational start, a new organisation begins in law.
                        WHEN d.event IN ('opened', 'legally_opened')
                            THEN c.event IN ('opened', 'created', 'code_reused')
                        -- Inactive after the legal end, without an operational one, is one event: closed.
                        WHEN d.event IN ('closed', 'legally_closed')
                            THEN c.event IN (d.event, 'closed', 'closing_announced')
                        ELSE c.event = d.event
                    END
            )
    ) AS l
    LEFT JOIN (
        SELECT
            ods_code,
            arg_max(name, known_from) AS name
        FROM history.organisations
        GROUP BY ods_code
    ) AS names ON names.ods_code = l.related_code
    ORDER BY l.on_day, l.seen_on NULLS FIRST, l.event, l.related_code, l.detail;
