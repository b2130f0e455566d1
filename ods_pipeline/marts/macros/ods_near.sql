-- ods_near(postcode, km, kind): the organisations within a distance of a postcode, the nearest first; kind NULL is any.
-- The distance is a straight line in metres. A sector (TS18 1) or district (TS18) counts from the middle of its known
-- postcodes, as does a postcode that is not known; near_basis names which it was, and near_place is the postcode,
-- sector or district. It is read as ods_find reads it: punctuation and case do not matter, and what is not known may be
-- one whose letters and digits are mixed up (N1O 9XD). A rectangle comes first: it needs no trigonometry for
-- organisations far away.
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
        n.near_place,
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
                c.near_place,
                -- As a CASE, so that no optimiser puts the distance before the rectangle.
                CASE
                    WHEN abs(p.latitude - c.latitude) <= c.degrees_north
                        AND abs(p.longitude - c.longitude) <= c.degrees_east
                        THEN round(metres_between(c.latitude, c.longitude, p.latitude, p.longitude))::BIGINT
                END AS metres
            FROM (
                SELECT
                    *,
                    -- No degree of latitude is shorter than 110 km.
                    km / 110.0 AS degrees_north,
                    km / (110.0 * greatest(cos(radians(latitude + km / 110.0)), 0.01)) AS degrees_east
                FROM find_middle(near_postcode)
            ) AS c
            CROSS JOIN marts.organisation_places AS p
        ) AS found
        WHERE metres <= km * 1000
    ) AS n
    JOIN marts.code_finder AS f ON f.ods_code = n.ods_code
    WHERE of_kind IS NULL OR f.kind = lower(trim(of_kind))
    ORDER BY n.metres, f.ods_code;
