-- One row per code, with what a look-up shows and the keys to look it up by. The macro ods_find(text) searches it.

WITH sites AS (
    SELECT
        p.provider_code,
        count(*) AS sites
    FROM marts.organisation_parents AS p
    JOIN marts.organisation_status AS s ON s.ods_code = p.ods_code AND s.openness IN ('open', 'closing')
    WHERE p.provider_code <> p.ods_code
    GROUP BY p.provider_code
),

replaced AS (
    SELECT
        old_code,
        list(new_code ORDER BY new_code) AS codes
    FROM marts.code_crosswalk
    WHERE hops > 0 AND is_terminal
    GROUP BY old_code
),

candidates AS (
    -- Followed to the codes that are open; a trail that ends at a closed one is described in words.
    SELECT
        old_code,
        list_distinct(flatten(list(now_codes ORDER BY score DESC, candidate_code))) AS now_codes,
        string_agg(candidate_code || ', ' || outcome, '; ' ORDER BY score DESC, candidate_code) AS outcomes
    FROM marts.successor_candidates
    GROUP BY old_code
)

SELECT
    s.ods_code,
    s.name,
    s.kind,
    s.openness,
    s.is_archived,
    s.opens_on AS opened_on,
    s.closes_on AS closed_on,
    nullif(concat_ws(', ', o.address_line_1, o.address_line_2, o.address_line_3, o.town, o.county), '') AS address,
    o.postcode,
    -- Most postcodes and names need no cleaning: to test for that is cheaper than to clean.
    CASE
        WHEN regexp_full_match(o.postcode, '[A-Z0-9]+ [A-Z0-9]+') THEN replace(o.postcode, ' ', '')
        ELSE postcode_key(o.postcode)
    END AS postcode_key,
    CASE WHEN regexp_full_match(s.name, '[A-Z0-9]+( [A-Z0-9]+)*') THEN s.name ELSE name_key(s.name) END AS name_key,
    o.uprn,
    nullif(p.provider_code, s.ods_code) AS hq_code,
    CASE WHEN p.provider_code <> s.ods_code THEN hq.name END AS hq_name,
    coalesce(n.sites, 0) AS site_count,
    coalesce(r.codes, []) AS replaced_by,
    list_sort(coalesce(c.now_codes, [])) AS candidate_codes,
    concat_ws('; ', s.explanation, 'perhaps ' || c.outcomes) AS explanation
FROM marts.organisation_status AS s
LEFT JOIN ord.organisations AS o ON o.ods_code = s.ods_code
LEFT JOIN marts.organisation_parents AS p ON p.ods_code = s.ods_code
LEFT JOIN ord.organisations AS hq ON hq.ods_code = p.provider_code
LEFT JOIN sites AS n ON n.provider_code = s.ods_code
LEFT JOIN replaced AS r ON r.old_code = s.ods_code
LEFT JOIN candidates AS c ON c.old_code = s.ods_code
