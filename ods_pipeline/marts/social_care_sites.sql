-- Social care sites, open and closed, with the head office that runs them. The site's code (V…, and since October 2020
-- any) is one place; the head office's code (A…, C…) is the whole group. CARE HOME and DOMICILIARY CARE are second
-- roles and hold on their own days.

WITH sites AS (
    SELECT
        f.*,
        p.provider_code,
        p.is_past
    FROM marts.code_finder AS f
    JOIN marts.organisation_parents AS p ON p.ods_code = f.ods_code
    WHERE f.kind = 'social_care_site'
),

open_sites AS (
    SELECT
        provider_code,
        count(*) AS sites
    FROM sites
    WHERE openness IN ('open', 'closing') AND NOT is_past AND provider_code <> ods_code
    GROUP BY provider_code
),

services AS (
    SELECT
        r.ods_code,
        bool_or(r.role_id = ro_care_home()) AS care_home,
        bool_or(r.role_id = ro_domiciliary_care()) AS domiciliary
    FROM ord.roles AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code
    WHERE r.role_id IN (ro_care_home(), ro_domiciliary_care())
        AND coalesce(holds_from(r.operational_start, r.legal_start) <= ods_today(), true)
        AND coalesce(
            holds_to(r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, o.last_change_date)
            > ods_today(),
            true
        )
    GROUP BY r.ods_code
)

SELECT
    s.ods_code AS site_code,
    s.name AS site_name,
    s.openness,
    s.hq_code,
    s.hq_name,
    -- The other open sites of the group. The site itself does not count. A site that operates others belongs to no
    -- group: it is their provider.
    CASE
        WHEN s.provider_code = s.ods_code THEN 0
        ELSE coalesce(n.sites, 0) - (s.openness IN ('open', 'closing') AND NOT s.is_past)::BIGINT
    END::BIGINT AS sibling_count,
    coalesce(v.care_home, false) AS care_home,
    coalesce(v.domiciliary, false) AS domiciliary,
    s.postcode,
    s.uprn,
    s.opened_on,
    s.closed_on,
    s.replaced_by,
    s.candidate_codes,
    s.is_past AS parents_are_past
FROM sites AS s
LEFT JOIN open_sites AS n ON n.provider_code = s.provider_code
LEFT JOIN services AS v ON v.ods_code = s.ods_code
