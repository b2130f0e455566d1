-- Each row of a report, and what the register has for it: the organisation, its parents, its links, its roles.
-- In: listed (the report), places (what is known by postcode), $first_day, $last_day, $parent_rel, $operated_by,
-- $gp_practice. Out: the columns of listed, those of the register next to them, and the days of both as dates.

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
        l.ods_code,
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
)

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
    o.primary_role_id,
    a.region_code,
    a.icb_code,
    a.sub_icb_code,
    b.sub_icb_code AS parent_sub_icb_code,
    q.name AS here_parent_name,
    t.name AS here_sub_icb_name,
    u.name AS here_parent_sub_icb_name,
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
    d.deleted_on
FROM rows_there AS r
LEFT JOIN stamped AS o ON o.ods_code = r.code
LEFT JOIN above AS a ON a.ods_code = r.code
LEFT JOIN above AS b ON b.ods_code = r.parent
LEFT JOIN ord.organisations AS q ON q.ods_code = r.parent
LEFT JOIN ord.organisations AS t ON t.ods_code = r.sub_icb
LEFT JOIN ord.organisations AS u ON u.ods_code = r.parent_sub_icb
LEFT JOIN places AS p ON p.ods_code = r.code
LEFT JOIN linked AS l ON l.line = r.line
LEFT JOIN providers AS v ON v.line = r.line
LEFT JOIN practices AS s ON s.ods_code = r.code
LEFT JOIN ord.deletions AS d ON d.ods_code = r.code AND d.state = 'confirmed'
