SELECT
    ods_today() AS as_of,
    count(*) FILTER (openness IN ('open', 'closing')) AS open_organisations,
    count(*) FILTER (kind = 'gp_practice' AND openness IN ('open', 'closing')) AS open_gp_practices,
    count(*) FILTER (kind = 'icb' AND openness IN ('open', 'closing')) AS open_icbs,
    count(*) FILTER (openness IN ('closed', 'legally_closed')) AS closed_codes,
    count(*) FILTER (openness = 'deleted') AS deleted_codes
FROM marts.organisation_status
