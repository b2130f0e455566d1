-- Where vaccines are given, from when to when, and who is paid for it: pharmacy sites, and sites of any other kind
-- while they have the role COVID VACCINATION CENTRE. The parent is the organisation that operates the site: a pharmacy
-- head office, a trust or a practice. A row is cut where parent, ICB or region changes. A site is one in its own life
-- only: a role or a link that nobody ended makes none of what is closed.

WITH lives AS (
    SELECT
        ods_code,
        primary_role_id,
        last_change_date,
        coalesce(holds_from(operational_start, legal_start), DATE '1900-01-01') AS begins,
        coalesce(
            holds_to(status, operational_start, legal_start, operational_end, legal_end, last_change_date),
            DATE 'infinity'
        ) AS ends
    FROM ord.organisations
),

spans AS (
    SELECT
        ods_code,
        begins AS valid_from,
        ends AS valid_to
    FROM lives
    SEMI JOIN marts.organisation_kinds AS k ON k.ods_code = lives.ods_code AND k.kind = 'pharmacy_site'
    UNION ALL
    SELECT
        r.ods_code,
        greatest(holds_from(r.operational_start, r.legal_start), l.begins),
        least(
            holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, l.last_change_date),
            l.ends
        )
    FROM ord.roles AS r
    JOIN lives AS l ON l.ods_code = r.ods_code AND l.primary_role_id <> ro_pharmacy_site()
    WHERE r.role_id = ro_vaccination_centre() AND holds_from(r.operational_start, r.legal_start) IS NOT NULL
),

-- A site may have been a centre in several spans that touch or overlap.
pieces AS (
    SELECT DISTINCT
        h.ods_code,
        h.operator_code,
        h.icb_code,
        h.region_code,
        greatest(s.valid_from, h.valid_from) AS valid_from,
        least(s.valid_to, coalesce(h.valid_to, DATE 'infinity')) AS valid_to
    FROM spans AS s
    JOIN marts.provider_hierarchy AS h
        ON h.ods_code = s.ods_code AND share_days(h.valid_from, h.valid_to, s.valid_from, s.valid_to)
),

lasting AS (
    FROM pieces
    WHERE valid_from < valid_to
)

SELECT
    m.ods_code AS site_code,
    o.name AS site_name,
    m.operator_code AS parent_code,
    parent.name AS parent_name,
    parent.kind AS parent_kind,
    m.icb_code,
    icb.name AS icb_name,
    m.region_code,
    region.name AS region_name,
    nullif(concat_ws(', ', o.address_line_1, o.address_line_2, o.address_line_3, o.town, o.county), '') AS address,
    o.postcode,
    o.uprn,
    m.valid_from,
    nullif(m.valid_to, DATE 'infinity') AS valid_to
FROM joined_runs('lasting', ods_code, (operator_code, icb_code, region_code)) AS m
JOIN ord.organisations AS o ON o.ods_code = m.ods_code
LEFT JOIN marts.organisation_status AS parent ON parent.ods_code = m.operator_code
LEFT JOIN ord.organisations AS icb ON icb.ods_code = m.icb_code
LEFT JOIN ord.organisations AS region ON region.ods_code = m.region_code
