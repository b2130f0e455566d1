-- organisations with a postcode
-- Each has one row, a known postcode has an edition, and no area is stated for a day before its edition.
WITH expected AS (
    SELECT ods_code FROM ord.organisations WHERE postcode IS NOT NULL
)

FROM other_codes('expected', ods_code)
UNION ALL
SELECT
    'position without its basis',
    ods_code
FROM mart
WHERE (latitude IS NULL) <> (position_basis IS NULL) OR (latitude IS NULL) <> (longitude IS NULL)
UNION ALL
SELECT
    'area stated before its edition',
    ods_code
FROM mart
WHERE edition_day > ods_today()
    AND coalesce(local_authority_code, postcode_icb_code, postcode_sub_icb_code, postcode_region_code) IS NOT NULL
UNION ALL
SELECT
    'postcode known and not used',
    m.ods_code
FROM mart AS m
JOIN geo.postcodes AS p ON p.postcode = m.postcode
WHERE m.edition IS DISTINCT FROM p.edition
