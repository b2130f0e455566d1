-- A step of ods_near: the middle of a postcode, sector or district in a typed text, as far as postcodes are known. A
-- postcode comes before one that was perhaps meant, and its sector is the last resort.
CREATE MACRO find_middle(entry) AS TABLE
    SELECT
        avg(latitude) AS latitude,
        avg(longitude) AS longitude,
        near_basis,
        min(near_place) AS near_place
    FROM (
        SELECT
            p.latitude,
            p.longitude,
            CASE
                WHEN p.postcode_key = q.key THEN 'postcode'
                WHEN p.postcode_key IN (q.reading_1, q.reading_2) THEN 'similar postcode'
                WHEN left(p.postcode, -2) = q.place THEN 'sector'
                WHEN split_part(p.postcode, ' ', 1) = q.place THEN 'district'
                WHEN left(p.postcode_key, -2) = q.start THEN 'sector'
            END AS near_basis,
            CASE
                WHEN p.postcode_key IN (q.key, q.reading_1, q.reading_2) THEN p.postcode
                WHEN split_part(p.postcode, ' ', 1) = q.place THEN q.place
                ELSE left(p.postcode, -2)
            END AS near_place
        FROM (
            SELECT
                *,
                CASE WHEN is_postcode_key(key) THEN left(key, -2) ELSE key END AS start,
                replace(sectors[1], ' ', '') || postcode_end(key) AS reading_1,
                replace(sectors[2], ' ', '') || postcode_end(key) AS reading_2
            FROM (
                SELECT
                    place,
                    key,
                    postcode_sectors(key, postcode_digits(key)) AS sectors
                FROM (
                    SELECT
                        max(CASE WHEN postcode = '' THEN code ELSE postcode END) AS place,
                        max(
                            CASE
                                WHEN length(postcode) > 4 AND postcode[-2] <> ' ' THEN replace(postcode, ' ', '')
                                WHEN length(code) BETWEEN 5 AND 7 OR postcode = '' THEN code
                                ELSE replace(postcode, ' ', '')
                            END
                        ) AS key
                    FROM find_question(entry)
                )
            )
        ) AS q
        JOIN geo.postcodes AS p
            -- Most postcodes end here, at the first comparison.
            ON starts_with(p.postcode_key, q.start)
            OR p.postcode_key = q.reading_1
            OR p.postcode_key = q.reading_2
        WHERE p.latitude IS NOT NULL
    )
    WHERE near_basis IS NOT NULL
    GROUP BY near_basis
    ORDER BY
        CASE near_basis WHEN 'postcode' THEN 1 WHEN 'similar postcode' THEN 2 WHEN 'district' THEN 3 ELSE 4 END
    LIMIT 1;
