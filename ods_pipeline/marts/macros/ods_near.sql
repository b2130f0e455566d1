-- ods_near(postcode, km, kind): the organisations within a distance of a postcode, the nearest first; kind NULL is any.
-- The distance is a straight line in metres. A sector (TS18 1) or district (TS18) counts from the middle of its known
-- postcodes, as does a postcode that no organisation has; near_basis names which it was. A rectangle comes first: it
-- needs no trigonometry for organisations far away.
CREATE MACRO ods_near(near_postcode, km, of_kind) AS TABLE
    SELECT
        f.ods_code,
        f.name,
        f.kind,
        f.openness,
        n.metres,
        f.postcode,
        n.position_basis,
        n.near_basis,
        n.local_authority_name,
        n.edition
    -- Through a list, so that DuckDB does not expect all organisations to be near and read them all twice.
    FROM (
        SELECT unnest(list(found), recursive := true)
        FROM (
            SELECT
                p.ods_code,
                p.position_basis,
                p.local_authority_name,
                p.edition,
                c.near_basis,
                -- As a CASE, so that no optimiser puts the distance before the rectangle.
                CASE
                    WHEN abs(p.latitude - c.latitude) <= c.degrees_north
                        AND abs(p.longitude - c.longitude) <= c.degrees_east
                        THEN round(metres_between(c.latitude, c.longitude, p.latitude, p.longitude))::BIGINT
                END AS metres
            FROM (
                SELECT
                    avg(latitude) AS latitude,
                    avg(longitude) AS longitude,
                    -- No degree of latitude is shorter than 110 km.
                    km / 110.0 AS degrees_north,
                    km / (110.0 * greatest(cos(radians(avg(latitude) + km / 110.0)), 0.01)) AS degrees_east,
                    near_basis
                FROM (
                    SELECT
                        latitude,
                        longitude,
                        CASE
                            WHEN postcode_key = postcode_key(near_postcode) THEN 'postcode'
                            WHEN left(postcode, -2) = upper(trim(near_postcode)) THEN 'sector'
                            WHEN split_part(postcode, ' ', 1) = upper(trim(near_postcode)) THEN 'district'
                            WHEN left(postcode_key, -2) = postcode_key(near_postcode) THEN 'sector'
                            WHEN left(postcode_key, -2) = left(postcode_key(near_postcode), -2)
                                AND regexp_full_match(
                                    postcode_key(near_postcode), '[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}'
                                ) THEN 'sector'
                        END AS near_basis
                    FROM geo.postcodes
                    WHERE latitude IS NOT NULL
                        -- Most postcodes end here, at the first comparison.
                        AND starts_with(
                            postcode_key,
                            CASE
                                WHEN
                                    regexp_full_match(
                                        postcode_key(near_postcode), '[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}'
                                    )
                                    THEN left(postcode_key(near_postcode), -2)
                                ELSE postcode_key(near_postcode)
                            END
                        )
                )
                WHERE near_basis IS NOT NULL
                GROUP BY near_basis
                ORDER BY CASE near_basis WHEN 'postcode' THEN 1 WHEN 'district' THEN 2 ELSE 3 END
                LIMIT 1
            ) AS c
            CROSS JOIN marts.organisation_places AS p
        ) AS found
        WHERE metres <= km * 1000
    ) AS n
    JOIN marts.code_finder AS f ON f.ods_code = n.ods_code
    WHERE of_kind IS NULL OR f.kind = lower(trim(of_kind))
    ORDER BY n.metres, f.ods_code;
