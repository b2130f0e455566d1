SELECT
    f.ods_code,
    f.name,
    f.kind,
    f.openness,
    f.explanation,
    f.address,
    f.postcode,
    f.hq_code,
    coalesce(p.icb_code, d.last_icb_code) AS icb_code,
    coalesce(p.region_code, i.region_code) AS region_code,
    f.replaced_by,
    f.candidate_codes,
    n.former_names
FROM marts.code_finder AS f
LEFT JOIN marts.organisation_parents AS p ON p.ods_code = f.ods_code
LEFT JOIN marts.closed_codes AS d ON d.ods_code = f.ods_code AND d.openness = 'deleted'
LEFT JOIN marts.organisation_parents AS i ON i.ods_code = d.last_icb_code
LEFT JOIN (
    SELECT
        h.ods_code,
        list(DISTINCT h.name ORDER BY h.name) AS former_names
    FROM history.organisations AS h
    JOIN marts.code_finder AS c ON c.ods_code = h.ods_code
    WHERE h.name <> c.name
    GROUP BY h.ods_code
) AS n ON n.ods_code = f.ods_code
ORDER BY
    array_position(['open', 'closing', 'proposed', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], f.openness),
    f.name,
    f.ods_code
