-- Social care sites, open and closed, with the head office that runs them. One place is the site's code
-- (V…, and since October 2020 any); the whole group is the head office's (A…, C…). Care home and domiciliary
-- care are second roles (RO269, RO270) and hold on their own days.

WITH sites AS (
    SELECT s.ods_code, s.name, s.openness, s.opens_on, s.closes_on, p.provider_code, p.is_past
    FROM marts.organisation_status AS s
    JOIN marts.body_parents AS p ON p.ods_code = s.ods_code
    WHERE s.kind = 'social_care_site'
),

open_sites AS (
    SELECT provider_code, count(*) AS sites
    FROM sites
    WHERE openness IN ('open', 'closing') AND NOT is_past AND provider_code <> ods_code
    GROUP BY provider_code
),

services AS (
    SELECT
        r.ods_code,
        bool_or(r.role_id = 'RO269') AS care_home,
        bool_or(r.role_id = 'RO270') AS domiciliary
    FROM ord.roles AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code
    WHERE r.role_id IN ('RO269', 'RO270')
        AND coalesce(holds_from(r.operational_start, r.legal_start) <= ods_today(), true)
        AND coalesce(
            holds_to(r.status, r.operational_start, r.operational_end, r.legal_end, o.last_change_date) > ods_today(), true
        )
    GROUP BY r.ods_code
),

replaced AS (
    SELECT old_code, list(new_code ORDER BY new_code) AS codes
    FROM marts.code_crosswalk
    WHERE hops > 0 AND is_terminal
    GROUP BY old_code
),

candidates AS (
    SELECT old_code, list(candidate_code ORDER BY score DESC, candidate_code) AS codes
    FROM marts.successor_candidates
    GROUP BY old_code
)

SELECT
    s.ods_code AS site_code, s.name AS site_name, s.openness,
    nullif(s.provider_code, s.ods_code) AS hq_code,
    CASE WHEN s.provider_code <> s.ods_code THEN hq.name END AS hq_name,
    -- The others of the group that are open: the site itself does not count.
    (
        coalesce(n.sites, 0) - (s.openness IN ('open', 'closing') AND NOT s.is_past AND s.provider_code <> s.ods_code)::BIGINT
    )::BIGINT AS sibling_count,
    coalesce(v.care_home, false) AS care_home,
    coalesce(v.domiciliary, false) AS domiciliary,
    o.postcode, o.uprn,
    s.opens_on AS opened_on, s.closes_on AS closed_on,
    coalesce(r.codes, []) AS replaced_by,
    coalesce(c.codes, []) AS candidate_codes,
    s.is_past AS parents_are_past
FROM sites AS s
JOIN ord.organisations AS o ON o.ods_code = s.ods_code
LEFT JOIN ord.organisations AS hq ON hq.ods_code = s.provider_code
LEFT JOIN open_sites AS n ON n.provider_code = s.provider_code
LEFT JOIN services AS v ON v.ods_code = s.ods_code
LEFT JOIN replaced AS r ON r.old_code = s.ods_code
LEFT JOIN candidates AS c ON c.old_code = s.ods_code
