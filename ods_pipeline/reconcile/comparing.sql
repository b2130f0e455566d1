-- Each field of each row of a report against the published set: the value there, the value here, and the number of the
-- rule that says how the two go together (rules.csv); null where no rule does. Parameters: $first_day and $last_day of
-- the report, $as_of of the register, $settled (what happened before it is in the register by $as_of), $fields (those
-- that the file has columns for), $organisations (whether a row is an organisation, or a link of one), $parent_rel (the
-- relationship of the parent), $role_ids and $parent_role_ids (whose organisations the report lists), $whole (whether
-- what the report lacks is named). The table `sides` is the report with what the register has (sides.sql), `lacks` what
-- the report lacks (lacking.sql).
-- Names that were in force on some day of the report, and not over by then.
WITH former_names AS (
    SELECT DISTINCT
        ods_code,
        name
    FROM history.organisations
    WHERE known_from <= $last_day AND coalesce(known_to, DATE 'infinity') > $first_day
),

-- A row may be there once: for its code, or for its code, its parent and its days.
repeated AS (
    SELECT
        line,
        code,
        min(line)
            OVER (PARTITION BY code, CASE WHEN NOT $organisations THEN (parent, joined_day, left_day) END)
            AS first_line
    FROM sides
    WHERE code IS NOT NULL
),

-- Names of organisations, compared alike: of the row's own, of its parent, and of the sub-ICB locations of both.
names AS (
    SELECT
        line,
        code,
        'name' AS field,
        code AS named,
        name AS there,
        here_name AS here,
        last_change_date
    FROM sides
    WHERE is_held AND list_contains($fields, 'name')
    UNION ALL
    SELECT
        line,
        code,
        'parent_name',
        parent,
        parent_name,
        here_parent_name,
        last_change_date
    FROM sides
    WHERE is_held AND parent IS NOT NULL AND list_contains($fields, 'parent_name')
    UNION ALL
    SELECT
        line,
        code,
        'sub_icb_name',
        sub_icb,
        sub_icb_name,
        here_sub_icb_name,
        last_change_date
    FROM sides
    WHERE is_held AND sub_icb IS NOT NULL AND list_contains($fields, 'sub_icb_name')
    UNION ALL
    SELECT
        line,
        code,
        'parent_sub_icb_name',
        parent_sub_icb,
        parent_sub_icb_name,
        here_parent_sub_icb_name,
        last_change_date
    FROM sides
    WHERE is_held AND parent_sub_icb IS NOT NULL AND list_contains($fields, 'parent_sub_icb_name')
),

-- One row per field. Fields that a report has no column for have no row. is_recent: whether a report of a later day
-- than the register's may have another value, because the change can be one that the register cannot know of yet. Where
-- there are days, they decide: a day that was long past is in the register by now. What has none, as a name, may have
-- changed at any time.
fields AS (
    SELECT
        line,
        code,
        'code' AS field,
        code AS there,
        CASE WHEN is_held THEN code END AS here,
        CASE WHEN is_held THEN 0 WHEN deleted_on IS NOT NULL THEN 14 END AS rule,
        coalesce(
            CASE WHEN $organisations THEN opened_day ELSE joined_day END > $settled,
            NOT list_contains($fields, CASE WHEN $organisations THEN 'opened' ELSE 'joined' END)
        ) AS is_recent,
        last_change_date
    FROM sides
    UNION ALL
    SELECT
        line,
        code,
        'repeated',
        'also on line ' || first_line,
        NULL,
        NULL,
        false,
        NULL
    FROM repeated
    WHERE line > first_line
    UNION ALL
    -- An organisation of another kind than the report lists: another report under this one's name, or a wrong row.
    SELECT
        line,
        code,
        'role',
        array_to_string($role_ids, ' or '),
        primary_role_id,
        NULL,
        false,
        NULL
    FROM sides
    WHERE
        is_held
        AND $organisations
        AND len($role_ids) > 0
        AND NOT list_contains($role_ids, primary_role_id)
        AND NOT EXISTS (
            SELECT 1
            FROM ord.roles AS k
            WHERE k.ods_code = code AND list_contains($role_ids, k.role_id)
        )
    UNION ALL
    SELECT
        n.line,
        n.code,
        n.field,
        n.there,
        n.here,
        CASE
            WHEN n.there = n.here THEN 0
            WHEN n.there IS NULL THEN 15
            WHEN f.name IS NOT NULL THEN 18
            WHEN letters(n.there) = letters(n.here) THEN 7
            WHEN length(n.there) >= 35 AND starts_with(letters(n.here), letters(n.there)) THEN 6
        END,
        true,
        n.last_change_date
    FROM names AS n
    LEFT JOIN former_names AS f ON f.ods_code = n.named AND f.name = n.there
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
        true,
        last_change_date
    FROM sides
    WHERE is_held AND list_contains($fields, 'address')
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
        true,
        last_change_date
    FROM sides
    WHERE is_held AND list_contains($fields, 'postcode')
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
        coalesce(opened_day > $settled, false),
        last_change_date
    FROM sides
    WHERE is_held AND list_contains($fields, 'opened')
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
        coalesce(CASE WHEN closed IS NULL THEN closes ELSE closed_day END > $settled, false),
        last_change_date
    FROM sides
    WHERE is_held AND list_contains($fields, 'closed')
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
        coalesce(
            CASE status WHEN 'C' THEN closed_day WHEN 'P' THEN opened_day ELSE greatest(opens, closes) END > $settled,
            NOT list_contains($fields, CASE status WHEN 'C' THEN 'closed' ELSE 'opened' END)
        ),
        last_change_date
    FROM sides
    WHERE is_held AND status IS NOT NULL AND list_contains($fields, 'status')
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
        true,
        last_change_date
    FROM sides
    WHERE is_held AND region IS NOT NULL AND list_contains($fields, 'region')
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
        true,
        last_change_date
    FROM sides
    WHERE is_held AND icb IS NOT NULL AND list_contains($fields, 'icb')
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
                    FROM ord.relationships AS k
                    WHERE k.ods_code = code AND k.target_ods_code = parent AND k.rel_id <> $parent_rel
                ) THEN 17
        END,
        coalesce(joined_day > $settled, joined IS NULL),
        last_change_date
    FROM sides
    WHERE is_held AND list_contains($fields, 'parent')
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
        true,
        last_change_date
    FROM sides
    WHERE is_held AND sub_icb IS NOT NULL AND list_contains($fields, 'sub_icb')
    UNION ALL
    SELECT
        line,
        code,
        'parent_sub_icb',
        parent_sub_icb,
        parent_sub_icb_code,
        CASE
            WHEN parent_sub_icb = parent_sub_icb_code THEN 0
            WHEN parent_sub_icb_code IS NULL THEN 10
        END,
        true,
        last_change_date
    FROM sides
    WHERE is_held AND parent_sub_icb IS NOT NULL AND list_contains($fields, 'parent_sub_icb')
    UNION ALL
    SELECT
        line,
        code,
        'same_sub_icb',
        same_sub_icb,
        CASE sub_icb_code = parent_sub_icb_code WHEN true THEN 'yes' WHEN false THEN 'no' END,
        CASE
            WHEN is_yes(same_sub_icb) = (sub_icb_code = parent_sub_icb_code) THEN 0
            WHEN sub_icb_code IS NULL OR parent_sub_icb_code IS NULL THEN 10
        END,
        true,
        last_change_date
    FROM sides
    WHERE is_held AND same_sub_icb IS NOT NULL AND list_contains($fields, 'same_sub_icb')
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
        coalesce(joined_day > $settled, false),
        last_change_date
    FROM sides
    WHERE is_held AND parent = here_parent AND list_contains($fields, 'joined')
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
        coalesce(CASE WHEN "left" IS NULL THEN ends ELSE left_day END > $settled, false),
        last_change_date
    FROM sides
    WHERE is_held AND parent = here_parent AND list_contains($fields, 'left')
    UNION ALL
    SELECT
        line,
        code,
        'provider',
        provider,
        here_provider,
        CASE
            WHEN provider = here_provider THEN 0
            WHEN provider = parent AND $last_day < DATE '2021-01-01' THEN 11
        END,
        true,
        last_change_date
    FROM sides
    WHERE is_held AND provider IS NOT NULL AND list_contains($fields, 'provider')
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
        true,
        last_change_date
    FROM sides
    WHERE is_held AND setting IS NOT NULL AND list_contains($fields, 'setting')
    UNION ALL
    -- What the report lacks. Nothing leaves a report with time, so none of it is recent.
    SELECT
        NULL,
        code,
        'missing',
        NULL,
        here,
        rule,
        false,
        last_change_date
    FROM lacks
),

ruled AS (
    SELECT
        *,
        -- Rule 20 comes last: it is for what nothing else explains.
        coalesce(
            rule,
            CASE WHEN is_recent AND $first_day > $as_of AND coalesce(last_change_date <= $last_day, true) THEN 20 END
        ) AS last_rule
    FROM fields
)

SELECT
    f.line,
    f.code,
    f.field,
    f.there,
    f.here,
    CASE
        WHEN f.last_rule IS NOT NULL THEN u.outcome
        WHEN f.last_change_date > $last_day THEN 'newer_here'
        ELSE 'unexplained'
    END AS outcome,
    f.last_rule AS rule
FROM ruled AS f
LEFT JOIN rules AS u ON u.rule = f.last_rule
