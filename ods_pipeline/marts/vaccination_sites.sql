-- Where vaccines are given, from when to when, and who is paid for it: pharmacy sites, and sites of any other kind
-- while they have the role COVID VACCINATION CENTRE. The parent is the organisation that operates the site: a pharmacy
-- head office, a trust or a practice. A row is cut where parent, ICB or region changes.

WITH spans AS (
    SELECT
        ods_code,
        valid_from,
        valid_to
    FROM marts.organisation_kinds
    WHERE kind = 'pharmacy_site'
    UNION ALL
    SELECT
        r.ods_code,
        holds_from(r.operational_start, r.legal_start),
        holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, o.last_change_date)
    FROM ord.roles AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code AND o.primary_role_id <> ro_pharmacy_site()
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
        least(coalesce(s.valid_to, DATE 'infinity'), coalesce(h.valid_to, DATE 'infinity')) AS valid_to
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
