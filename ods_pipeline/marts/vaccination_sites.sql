-- Where vaccines are given, since when, and who is paid for it: pharmacy sites (RO280), and sites of any kind
-- while they have the role COVID VACCINATION CENTRE (RO279). The parent is the body that operates the site
-- (RE6): a pharmacy head office, a trust or a practice. A row is cut where parent, ICB or region changes.

WITH spans AS (
    SELECT ods_code, valid_from, valid_to
    FROM marts.organisation_kinds
    WHERE kind = 'pharmacy_site'
    UNION ALL
    SELECT
        r.ods_code,
        holds_from(r.operational_start, r.legal_start),
        holds_to(r.status, r.operational_start, r.operational_end, r.legal_end, o.last_change_date)
    FROM ord.roles AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code AND o.primary_role_id <> 'RO280'
    WHERE r.role_id = 'RO279' AND holds_from(r.operational_start, r.legal_start) IS NOT NULL
),

-- The site may have been a centre in several spans that touch or overlap.
pieces AS (
    SELECT DISTINCT
        h.ods_code, h.operator_code, h.icb_code, h.region_code,
        greatest(s.valid_from, h.valid_from) AS valid_from,
        least(coalesce(s.valid_to, DATE 'infinity'), coalesce(h.valid_to, DATE 'infinity')) AS until
    FROM spans AS s
    JOIN marts.provider_hierarchy AS h
        ON h.ods_code = s.ods_code
        AND coalesce(h.valid_from < s.valid_to, true) AND coalesce(h.valid_to > s.valid_from, true)
),

marked AS (
    SELECT
        *,
        coalesce(max(until) OVER before < valid_from, true)
        OR lag((operator_code, icb_code, region_code)) OVER w IS DISTINCT FROM (operator_code, icb_code, region_code) AS is_new
    FROM pieces
    WHERE valid_from < until
    WINDOW
        w AS (PARTITION BY ods_code ORDER BY valid_from, until),
        before AS (PARTITION BY ods_code ORDER BY valid_from, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),

grouped AS (
    SELECT *, count(*) FILTER (is_new) OVER (PARTITION BY ods_code ORDER BY valid_from, until) AS stretch
    FROM marked
),

merged AS (
    SELECT
        ods_code, operator_code, icb_code, region_code, min(valid_from) AS valid_from,
        nullif(max(until), DATE 'infinity') AS valid_to
    FROM grouped
    GROUP BY ods_code, stretch, operator_code, icb_code, region_code
)

SELECT
    m.ods_code AS site_code, o.name AS site_name,
    m.operator_code AS parent_code, parent.name AS parent_name, parent.kind AS parent_kind,
    m.icb_code, icb.name AS icb_name,
    m.region_code, region.name AS region_name,
    nullif(concat_ws(', ', o.address_line_1, o.address_line_2, o.address_line_3, o.town, o.county), '') AS address,
    o.postcode, o.uprn,
    m.valid_from, m.valid_to
FROM merged AS m
JOIN ord.organisations AS o ON o.ods_code = m.ods_code
LEFT JOIN marts.organisation_status AS parent ON parent.ods_code = m.operator_code
LEFT JOIN ord.organisations AS icb ON icb.ods_code = m.icb_code
LEFT JOIN ord.organisations AS region ON region.ods_code = m.region_code
