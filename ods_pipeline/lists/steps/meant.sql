-- Which organisation is meant where a code is of another kind than the list should have: the nearest of that kind
-- above.
-- In: codes, $day, $kind. Out: code, meant_code, meant_name, meant_closed_on; nothing without $kind.

-- All parents on the day; of what has closed, the last ones.
WITH above AS (
    SELECT
        h.ods_code AS code,
        [h.operator_code, h.provider_code, h.pcn_code, h.sub_icb_code, h.icb_code, h.region_code] AS parents
    FROM marts.provider_hierarchy AS h
    WHERE h.valid_from <= $day AND coalesce(h.valid_to > $day, true) AND h.ods_code IN (SELECT code FROM codes)
    UNION ALL
    SELECT
        p.ods_code,
        [p.operator_code, p.provider_code, p.pcn_code, p.sub_icb_code, p.icb_code, p.region_code]
    FROM marts.organisation_parents AS p
    WHERE p.is_past AND p.ods_code IN (SELECT code FROM codes)
),

steps AS (
    SELECT
        code,
        unnest(parents) AS parent_code,
        generate_subscripts(parents, 1) AS step
    FROM above
)

SELECT
    s.code,
    s.parent_code AS meant_code,
    p.name AS meant_name,
    CASE WHEN p.closed_on <= $day THEN p.closed_on END AS meant_closed_on
FROM steps AS s
JOIN marts.code_finder AS p ON p.ods_code = s.parent_code AND p.kind = $kind AND p.ods_code <> s.code
QUALIFY row_number() OVER (PARTITION BY s.code ORDER BY s.step, s.parent_code) = 1
