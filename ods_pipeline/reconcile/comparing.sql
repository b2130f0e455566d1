-- Each field of each row of a report against the published set: the value there, the value here, and the number of the
-- rule that says how the two go together (rules.csv); null where no rule does. Parameters: $first_day and $last_day of
-- the report, $parent_rel (the relationship of column 15), $role_ids (whose organisations the report lists), $geography
-- (whether columns 3 and 4 are compared). The table `listed` is the report, `places` what is known by postcode.
WITH stamped AS (
    SELECT
        o.*,
        coalesce(o.legal_start, o.operational_start) AS opens,
        coalesce(o.legal_end, o.operational_end) AS closes,
        concat_ws(' | ', o.address_line_1, o.address_line_2, o.address_line_3, o.town, o.county) AS address
    FROM ord.organisations AS o
),

-- Parents of today count before past ones, whichever row is read first.
above AS (
    SELECT
        ods_code,
        arg_min(sub_icb_code, is_past) AS sub_icb_code,
        arg_min(icb_code, is_past) AS icb_code,
        arg_min(region_code, is_past) AS region_code
    FROM (
        SELECT
            ods_code,
            sub_icb_code,
            icb_code,
            region_code,
            false AS is_past
        FROM marts.provider_hierarchy_current
        UNION ALL
        SELECT
            ods_code,
            sub_icb_code,
            icb_code,
            region_code,
            is_past
        FROM marts.organisation_parents
        WHERE is_past
    )
    GROUP BY ods_code
),

links AS (
    SELECT
        ods_code,
        rel_id,
        target_ods_code,
        coalesce(operational_start, legal_start) AS starts,
        coalesce(operational_end, legal_end) AS ends,
        legal_start,
        legal_end,
        coalesce(operational_end, legal_end, DATE 'infinity') >= $first_day
        AND coalesce(operational_start, legal_start) <= $last_day AS holds
    FROM ord.relationships
),

rows_there AS (
    SELECT
        *,
        concat_ws(' | ', address_1, address_2, address_3, address_4, address_5) AS address,
        report_day(opened) AS opened_day,
        report_day(closed) AS closed_day,
        report_day(joined) AS joined_day,
        report_day("left") AS left_day
    FROM listed
),

-- The link that a row is about: to the same parent, with the same start if there is one, else the latest; of several
-- with one start the one that is open, or else ends last.
linked AS (
    SELECT
        r.line,
        l.target_ods_code,
        l.starts,
        l.ends,
        l.legal_start,
        l.legal_end
    FROM rows_there AS r
    JOIN links AS l ON l.ods_code = r.code AND l.rel_id = $parent_rel
    QUALIFY row_number() OVER (
            PARTITION BY r.line
            ORDER BY
                l.target_ods_code = r.parent DESC NULLS LAST,
                coalesce(r.joined_day IN (l.starts, l.legal_start), false) DESC,
                l.holds DESC,
                l.starts DESC NULLS LAST,
                l.target_ods_code,
                l.ends DESC NULLS FIRST,
                l.legal_start,
                l.legal_end
        ) = 1
),

providers AS (
    SELECT
        r.line,
        l.target_ods_code,
        l.starts,
        l.ends
    FROM rows_there AS r
    JOIN links AS l ON l.ods_code = r.code AND l.rel_id = $operated_by
    QUALIFY row_number() OVER (
            PARTITION BY r.line
            ORDER BY
                l.target_ods_code = r.provider DESC NULLS LAST,
                coalesce(r.joined_day = l.starts, false) DESC,
                l.holds DESC,
                l.starts DESC NULLS LAST,
                l.target_ods_code,
                l.ends DESC NULLS FIRST
        ) = 1
),

practices AS (
    SELECT
        ods_code,
        bool_or(
            coalesce(operational_end, legal_end, DATE 'infinity') >= $first_day
            AND coalesce(operational_start, legal_start, DATE '1900-01-01') <= $last_day
        ) AS holds
    FROM ord.roles
    WHERE role_id = $gp_practice
    GROUP BY ods_code
),

former_names AS (
    SELECT DISTINCT
        ods_code,
        name
    FROM history.organisations
    WHERE known_from <= $last_day
),

both_sides AS (
    SELECT
        r.*,
        o.ods_code IS NOT NULL AS is_held,
        o.ref_only,
        o.name AS here_name,
        o.address AS here_address,
        o.postcode AS here_postcode,
        o.opens,
        o.closes,
        o.operational_start,
        o.operational_end,
        o.last_change_date,
        a.region_code,
        a.icb_code,
        a.sub_icb_code,
        q.name AS here_parent_name,
        p.region_code AS region_by_postcode,
        p.icb_code AS icb_by_postcode,
        l.target_ods_code AS here_parent,
        l.starts,
        l.ends,
        l.legal_start AS link_legal_start,
        l.legal_end AS link_legal_end,
        v.target_ods_code AS here_provider,
        v.starts AS provider_starts,
        v.ends AS provider_ends,
        s.ods_code IS NOT NULL AS was_practice,
        coalesce(s.holds, false) AS is_practice,
        n.name IS NOT NULL AS had_name,
        d.deleted_on
    FROM rows_there AS r
    LEFT JOIN stamped AS o ON o.ods_code = r.code
    LEFT JOIN above AS a ON a.ods_code = r.code
    LEFT JOIN ord.organisations AS q ON q.ods_code = r.parent
    LEFT JOIN places AS p ON p.ods_code = r.code
    LEFT JOIN linked AS l ON l.line = r.line
    LEFT JOIN providers AS v ON v.line = r.line
    LEFT JOIN practices AS s ON s.ods_code = r.code
    LEFT JOIN former_names AS n ON n.ods_code = r.code AND n.name = r.name
    LEFT JOIN ord.deletions AS d ON d.ods_code = r.code AND d.state = 'confirmed'
),

-- One row per field. Fields that a report has no column for have no row.
fields AS (
    SELECT
        line,
        code,
        'code' AS field,
        code AS there,
        CASE WHEN is_held THEN code END AS here,
        CASE WHEN is_held THEN 0 WHEN deleted_on IS NOT NULL THEN 14 END AS rule,
        last_change_date
    FROM both_sides
    UNION ALL
    SELECT
        line,
        code,
        'name',
        name,
        here_name,
        CASE
            WHEN name = here_name THEN 0
            WHEN name IS NULL THEN 15
            WHEN had_name THEN 18
            WHEN letters(name) = letters(here_name) THEN 7
            WHEN length(name) >= 35 AND starts_with(letters(here_name), letters(name)) THEN 6
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations
    UNION ALL
    SELECT
        line,
        code,
        'address',
        nullif(address, ''),
        nullif(here_address, ''),
        CASE
            WHEN address = here_address THEN 0
            WHEN address = '' THEN 15
            WHEN ref_only AND here_address = '' THEN 13
            WHEN replace(address, ' | ', ' ') = replace(here_address, ' | ', ' ') THEN 8
            WHEN letters(address) = letters(here_address) THEN 7
            WHEN letters(address) = letters(
                    array_to_string([part[:35] FOR part IN string_split(here_address, ' | ')], ' ')
                ) THEN 6
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations
    UNION ALL
    SELECT
        line,
        code,
        'postcode',
        postcode,
        here_postcode,
        CASE
            WHEN coalesce(postcode, '') = coalesce(here_postcode, '') THEN 0
            WHEN postcode IS NULL THEN 15
            WHEN ref_only AND here_postcode IS NULL THEN 13
            WHEN letters(postcode) = letters(here_postcode) THEN 7
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations
    UNION ALL
    SELECT
        line,
        code,
        'opened',
        coalesce(opened_day::VARCHAR, opened),
        opens::VARCHAR,
        CASE
            WHEN opened_day = opens THEN 0
            WHEN opened IS NULL AND opens IS NULL THEN 0
            WHEN opened_day = operational_start THEN 1
            WHEN opened IS NULL AND opens <= DATE '1900-01-01' THEN 16
            WHEN ref_only AND opens IS NULL THEN 13
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations
    UNION ALL
    SELECT
        line,
        code,
        'closed',
        coalesce(closed_day::VARCHAR, closed),
        closes::VARCHAR,
        CASE
            WHEN closed_day = closes THEN 0
            WHEN closed IS NULL AND closes IS NULL THEN 0
            WHEN closed_day = operational_end THEN 1
            WHEN closed IS NULL AND closes >= $first_day THEN 2
            WHEN ref_only AND closes IS NULL THEN 13
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations
    UNION ALL
    SELECT
        line,
        code,
        'status',
        status,
        CASE
            WHEN opens > $last_day THEN 'P'
            WHEN closes < $first_day THEN 'C'
            ELSE 'A'
        END,
        CASE
            WHEN status = 'A' AND coalesce(opens <= $last_day, true) AND coalesce(closes >= $first_day, true) THEN 0
            WHEN status = 'C' AND least(closes, operational_end) <= $last_day THEN 0
            -- A report is drawn up before the first day it is for, so what opens on that day is still proposed in it.
            WHEN status = 'P' AND opens >= $first_day THEN 0
            WHEN status = 'D' THEN 9
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations AND status IS NOT NULL
    UNION ALL
    SELECT
        line,
        code,
        'region',
        region,
        region_code,
        CASE
            WHEN region = region_code THEN 0
            WHEN region = region_by_postcode THEN 3
            WHEN $last_day < DATE '2025-01-01' THEN 4
            WHEN region_code IS NULL AND region_by_postcode IS NULL THEN 10
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $geography AND region IS NOT NULL
    UNION ALL
    SELECT
        line,
        code,
        'icb',
        icb,
        icb_code,
        CASE
            WHEN icb = icb_code THEN 0
            WHEN icb = icb_by_postcode THEN 3
            WHEN $last_day < DATE '2025-01-01' THEN 4
            WHEN icb_code IS NULL AND icb_by_postcode IS NULL THEN 10
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $geography AND icb IS NOT NULL
    UNION ALL
    SELECT
        line,
        code,
        'parent',
        parent,
        here_parent,
        CASE
            WHEN parent = here_parent THEN 0
            WHEN parent IS NULL AND here_parent IS NULL THEN 0
            WHEN parent IS NULL AND ends < $first_day THEN 0
            WHEN parent IS NULL THEN 15
            WHEN EXISTS (
                    FROM links AS k
                    WHERE k.ods_code = code AND k.target_ods_code = parent AND k.rel_id <> $parent_rel
                ) THEN 17
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $parent_rel IS NOT NULL
    UNION ALL
    SELECT
        line,
        code,
        'parent_name',
        parent_name,
        here_parent_name,
        CASE
            WHEN parent_name = here_parent_name THEN 0
            WHEN letters(parent_name) = letters(here_parent_name) THEN 7
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND parent_name IS NOT NULL
    UNION ALL
    SELECT
        line,
        code,
        'sub_icb',
        sub_icb,
        sub_icb_code,
        CASE
            WHEN sub_icb = sub_icb_code THEN 0
            WHEN sub_icb_code IS NULL THEN 10
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND sub_icb IS NOT NULL
    UNION ALL
    SELECT
        line,
        code,
        'joined',
        coalesce(joined_day::VARCHAR, joined),
        starts::VARCHAR,
        CASE
            WHEN joined_day = starts THEN 0
            WHEN joined_day = link_legal_start THEN 1
            WHEN joined_day = provider_starts AND provider = here_provider THEN 19
            WHEN joined IS NULL THEN 15
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND parent = here_parent
    UNION ALL
    SELECT
        line,
        code,
        'left',
        coalesce(left_day::VARCHAR, "left"),
        ends::VARCHAR,
        CASE
            WHEN left_day = ends THEN 0
            WHEN "left" IS NULL AND ends IS NULL THEN 0
            WHEN left_day = link_legal_end THEN 1
            WHEN left_day = provider_ends AND provider = here_provider THEN 19
            WHEN "left" IS NULL AND ends >= $first_day THEN 2
            WHEN "left" IS NULL AND ends IN (closes, operational_end) THEN 12
            WHEN ends IS NULL AND left_day IN (closes, operational_end) THEN 12
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND parent = here_parent
    UNION ALL
    SELECT
        line,
        code,
        'provider',
        provider,
        here_provider,
        CASE
            WHEN provider = here_provider THEN 0
            WHEN provider = parent THEN 11
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations AND provider IS NOT NULL
    UNION ALL
    SELECT
        line,
        code,
        'setting',
        setting,
        CASE WHEN is_practice THEN '4' WHEN was_practice THEN '4 until it closed' ELSE 'not 4' END,
        CASE
            WHEN setting = '4' AND was_practice THEN 0
            WHEN setting <> '4' AND NOT is_practice THEN 0
        END,
        last_change_date
    FROM both_sides
    WHERE is_held AND $organisations AND setting IS NOT NULL
    UNION ALL
    -- What the register holds and the report lacks.
    SELECT
        NULL,
        o.ods_code,
        'missing',
        NULL,
        o.name,
        CASE
            WHEN o.ref_only THEN 13
            WHEN o.operational_end < DATE '2017-03-31' AND coalesce(o.legal_end < DATE '2017-03-31', true) THEN 5
        END,
        greatest(o.last_change_date, o.opens)
    FROM stamped AS o
    ANTI JOIN rows_there AS r ON r.code = o.ods_code
    WHERE list_contains($role_ids, o.primary_role_id) AND $whole
)

SELECT
    f.line,
    f.code,
    f.field,
    f.there,
    f.here,
    CASE
        WHEN f.rule IS NOT NULL THEN u.outcome
        WHEN f.last_change_date > $last_day THEN 'newer_here'
        WHEN $first_day > $as_of THEN 'newer_there'
        ELSE 'unexplained'
    END AS outcome,
    f.rule
FROM fields AS f
LEFT JOIN rules AS u ON u.rule = f.rule
ORDER BY f.line NULLS LAST, f.code, f.field
