-- The parents that each organisation has today; if it is closed, the last ones it had; if it is not open yet, those of
-- its first row from the day on which it opens. The named tables show these, so a closed site still shows its trust.

WITH today AS (
    SELECT
        h.*,
        false AS is_past
    FROM marts.provider_hierarchy AS h
    JOIN marts.organisation_status AS s
        ON s.ods_code = h.ods_code AND s.openness IN ('open', 'closing', 'legally_closed')
    WHERE holds_on(h.valid_from, h.valid_to, ods_today())
),

-- Closed under a hub: what a sub-ICB location or an ICB once gave it is over.
ended_under_hub AS (
    SELECT ods_code
    FROM marts.provider_hierarchy
    WHERE (commissioner_code IS NOT NULL OR sub_icb_code IS NOT NULL) AND valid_from <= ods_today()
    GROUP BY ods_code
    HAVING arg_max(coalesce(sub_icb_reason, '') = 'commissioned_by_hub', valid_from)
),

last_commissioners AS (
    SELECT
        ods_code,
        arg_max(commissioner_code, valid_from) AS commissioner_code
    FROM marts.provider_hierarchy
    WHERE commissioner_code IS NOT NULL AND valid_from <= ods_today()
    GROUP BY ods_code
    HAVING min(commissioner_code) <> max(commissioner_code)
),

-- The last row under a commissioner that another one replaced: what that one gave is over, too.
replaced AS (
    SELECT
        h.ods_code,
        max(h.valid_from) AS valid_from
    FROM marts.provider_hierarchy AS h
    JOIN last_commissioners AS l ON l.ods_code = h.ods_code AND h.commissioner_code <> l.commissioner_code
    WHERE h.valid_from <= ods_today()
    GROUP BY h.ods_code
),

closed AS (
    SELECT
        h.*,
        (u.ods_code IS NULL OR coalesce(h.sub_icb_reason, '') = 'commissioned_by_hub')
        AND coalesce(h.valid_from > r.valid_from, true) AS counts
    FROM marts.provider_hierarchy AS h
    JOIN marts.organisation_status AS s
        ON s.ods_code = h.ods_code AND s.openness IN ('closed', 'deleted')
    LEFT JOIN ended_under_hub AS u ON u.ods_code = h.ods_code
    LEFT JOIN replaced AS r ON r.ods_code = h.ods_code
    WHERE h.valid_from <= ods_today()
),

-- Links do not all end on one day, so each level of a closed organisation comes from the last row that has it. One that
-- is closed in law only has its parents of today.
past AS (
    SELECT
        ods_code,
        arg_max(operator_code, valid_from) FILTER (operator_code IS NOT NULL) AS operator_code,
        coalesce(arg_max(provider_code, valid_from) FILTER (provider_code <> ods_code), ods_code) AS provider_code,
        arg_max(pcn_code, valid_from) FILTER (pcn_code IS NOT NULL) AS pcn_code,
        arg_max(commissioner_code, valid_from) FILTER (commissioner_code IS NOT NULL) AS commissioner_code,
        arg_max(sub_icb_code, valid_from) FILTER (counts AND sub_icb_code IS NOT NULL) AS sub_icb_code,
        arg_max(icb_code, valid_from) FILTER (counts AND icb_code IS NOT NULL) AS icb_code,
        arg_max(icb_basis, valid_from) FILTER (counts AND icb_code IS NOT NULL) AS icb_basis,
        arg_max(area_code, valid_from) FILTER (area_code IS NOT NULL) AS area_code,
        arg_max(region_code, valid_from) FILTER (counts AND region_code IS NOT NULL) AS region_code,
        arg_max(sub_icb_reason, valid_from) FILTER (counts) AS sub_icb_reason,
        arg_max(icb_reason, valid_from) FILTER (counts) AS icb_reason,
        arg_max(region_reason, valid_from) FILTER (counts) AS region_reason,
        arg_max(is_ambiguous, valid_from) AS is_ambiguous,
        true AS is_past
    FROM closed
    GROUP BY ods_code
),

-- One that is to reopen may have links of its first life.
announced AS (
    SELECT
        h.*,
        false AS is_past
    FROM marts.provider_hierarchy AS h
    JOIN marts.organisation_status AS s
        ON s.ods_code = h.ods_code AND s.openness = 'not_yet_open' AND coalesce(h.valid_to > s.opens_on, true)
    QUALIFY row_number() OVER (PARTITION BY h.ods_code ORDER BY h.valid_from) = 1
),

parents AS (
    FROM past
    UNION ALL BY NAME
    SELECT
        ods_code,
        operator_code,
        provider_code,
        pcn_code,
        commissioner_code,
        sub_icb_code,
        icb_code,
        icb_basis,
        area_code,
        region_code,
        sub_icb_reason,
        icb_reason,
        region_reason,
        is_ambiguous,
        is_past
    FROM (
        FROM today
        UNION ALL
        FROM announced
    )
)

SELECT
    o.ods_code,
    p.operator_code,
    coalesce(p.provider_code, o.ods_code) AS provider_code,
    p.pcn_code,
    p.commissioner_code,
    p.sub_icb_code,
    CASE WHEN p.sub_icb_code IS NULL THEN coalesce(p.sub_icb_reason, 'none_stated') END AS sub_icb_reason,
    p.icb_code,
    p.icb_basis,
    CASE WHEN p.icb_code IS NULL THEN coalesce(p.icb_reason, 'none_stated') END AS icb_reason,
    p.area_code,
    p.region_code,
    CASE WHEN p.region_code IS NULL THEN coalesce(p.region_reason, 'none_stated') END AS region_reason,
    coalesce(p.is_ambiguous, false) AS is_ambiguous,
    coalesce(p.is_past, s.openness IN ('closed', 'deleted')) AS is_past
FROM ord.organisations AS o
JOIN marts.organisation_status AS s ON s.ods_code = o.ods_code
LEFT JOIN parents AS p ON p.ods_code = o.ods_code
