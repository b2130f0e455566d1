SELECT
    postcode_key,
    list(ods_code ORDER BY first_at_address, place, rank, name, ods_code) AS codes
FROM (
    SELECT
        *,
        min(rank) OVER (PARTITION BY postcode_key, place) AS first_at_address
    FROM (
        SELECT
            postcode_key,
            ods_code,
            name,
            coalesce(uprn::VARCHAR, address) AS place,
            array_position(
                ['open', 'closing', 'proposed', 'not_yet_open', 'legally_closed', 'closed', 'deleted'], openness
            ) AS rank
        FROM marts.code_finder
        WHERE postcode_key IS NOT NULL
    )
)
GROUP BY postcode_key
ORDER BY postcode_key
