SELECT
    closed_on,
    ods_code,
    name,
    kind,
    openness,
    terminal_codes,
    candidate_codes,
    last_provider_code,
    last_icb_code
FROM marts.closed_codes
ORDER BY closed_on DESC NULLS LAST, ods_code
