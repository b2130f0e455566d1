-- Where each organisation with a postcode is. The position is that of its property (UPRN) if a file of UPRNs has it,
-- and that of its postcode otherwise. The areas are those of the postcode, and only from the first day of the edition
-- on: boundaries move, and an edition does not cover the days before it.

WITH organisations AS (
    SELECT
        ods_code,
        postcode,
        uprn,
        -- Most postcodes need no cleaning: to test for that is cheaper than to clean.
        CASE
            WHEN regexp_full_match(postcode, '[A-Z0-9]+ [A-Z0-9]+') THEN replace(postcode, ' ', '')
            ELSE postcode_key(postcode)
        END AS postcode_key
    FROM ord.organisations
    WHERE postcode IS NOT NULL
),

-- The ICB in whose geography the register itself puts an organisation today (RE5).
register AS (
    SELECT
        ods_code,
        geography_icb_code
    FROM marts.provider_hierarchy
    WHERE geography_icb_code IS NOT NULL AND holds_on(valid_from, valid_to, ods_today())
),

areas AS (
    SELECT
        p.postcode_key,
        p.local_authority_code,
        a.name AS local_authority_name,
        p.sub_icb_code,
        p.icb_code,
        p.region_code
    FROM geo.postcodes AS p
    LEFT JOIN geo.areas AS a ON a.gss_code = p.local_authority_code
    WHERE p.edition_day <= ods_today()
)

SELECT
    o.ods_code,
    o.postcode,
    coalesce(round(u.easting)::BIGINT, p.easting) AS easting,
    coalesce(round(u.northing)::BIGINT, p.northing) AS northing,
    coalesce(u.latitude, p.latitude) AS latitude,
    coalesce(u.longitude, p.longitude) AS longitude,
    CASE
        WHEN u.uprn IS NOT NULL THEN 'uprn'
        WHEN p.latitude IS NOT NULL THEN 'postcode'
    END AS position_basis,
    p.terminated_on AS postcode_terminated_on,
    p.lsoa_code,
    p.msoa_code,
    a.local_authority_code,
    a.local_authority_name,
    a.sub_icb_code AS postcode_sub_icb_code,
    a.icb_code AS postcode_icb_code,
    a.region_code AS postcode_region_code,
    p.edition,
    p.edition_day,
    r.geography_icb_code AS register_icb_code,
    r.geography_icb_code = a.icb_code AS agrees_with_register
FROM organisations AS o
LEFT JOIN geo.postcodes AS p ON p.postcode_key = o.postcode_key
LEFT JOIN areas AS a ON a.postcode_key = o.postcode_key
LEFT JOIN geo.uprns AS u ON u.uprn = o.uprn
LEFT JOIN register AS r ON r.ods_code = o.ods_code
