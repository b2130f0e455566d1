-- Address and postcode.
-- In: sides, $fields. Out: fields (see outcomes.sql).

SELECT
    line,
    code,
    'address' AS field,
    nullif(address, '') AS there,
    nullif(here_address, '') AS here,
    CASE
        WHEN address = here_address THEN 0
        WHEN address = '' THEN 15
        WHEN ref_only AND here_address = '' THEN 13
        WHEN replace(address, ' | ', ' ') = replace(here_address, ' | ', ' ') THEN 8
        WHEN letters(address) = letters(here_address) THEN 7
        WHEN letters(address) = letters(
                array_to_string([part[:35] FOR part IN string_split(here_address, ' | ')], ' ')
            ) THEN 6
    END AS rule,
    true AS is_recent,
    last_change_date
FROM sides
WHERE is_held AND list_contains($fields, 'address')
UNION ALL
SELECT
    line,
    code,
    'postcode',
    postcode,
    here_postcode,
    CASE
        WHEN coalesce(postcode, '') = coalesce(here_postcode, '') THEN 0
        WHEN postcode IS NULL THEN 15
        WHEN ref_only AND here_postcode IS NULL THEN 13
        WHEN letters(postcode) = letters(here_postcode) THEN 7
    END,
    true,
    last_change_date
FROM sides
WHERE is_held AND list_contains($fields, 'postcode')
