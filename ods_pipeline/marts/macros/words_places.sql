-- The distance between two points in metres, along the straight line over ground (great circle), in degrees WGS 84. The
-- radius is the mean one of the ellipsoid between 50 and 60 degrees north: at most 0.2 % off in Great Britain.
CREATE MACRO metres_between(latitude_a, longitude_a, latitude_b, longitude_b) AS
2 * 6385000.0 * asin(least(1.0, sqrt(
    pow(sin(radians(latitude_b - latitude_a) / 2), 2)
    + cos(radians(latitude_a)) * cos(radians(latitude_b)) * pow(sin(radians(longitude_b - longitude_a) / 2), 2)
)));
