-- Places: how far it is and what lies round a point, once for all rooms that ask.
SET lock_timeout = '5s';

CREATE FUNCTION kilometres_between(
    p_latitude double precision, p_longitude double precision,
    p_other_latitude double precision, p_other_longitude double precision
) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 2 * 6371.0088 * asin(sqrt(least(1, sind((p_latitude - p_other_latitude) / 2) ^ 2
        + cosd(p_latitude) * cosd(p_other_latitude) * sind((p_longitude - p_other_longitude) / 2) ^ 2)))
$$;
COMMENT ON FUNCTION kilometres_between IS 'The great-circle distance (haversine, mean radius of the earth).';

CREATE FUNCTION box_round(p_latitude double precision, p_longitude double precision, p_kilometres double precision)
RETURNS box LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT box(point(p_longitude - wide, p_latitude - high), point(p_longitude + wide, p_latitude + high))
    FROM (SELECT high, CASE WHEN abs(p_latitude) + high >= 90 THEN 180
                            ELSE asind(least(1, sind(high) / cosd(p_latitude))) END AS wide
          FROM (SELECT p_kilometres / 111.19 AS high) AS tall) AS sized
$$;
COMMENT ON FUNCTION box_round IS 'The box of degrees round a circle, as narrow as it may be, by which an index finds points; it may reach over the 180th meridian.';

CREATE FUNCTION box_across(p_latitude double precision, p_longitude double precision, p_kilometres double precision)
RETURNS box LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT box_round(p_latitude, p_longitude, p_kilometres) - point(CASE WHEN p_longitude < 0 THEN -360 ELSE 360 END, 0)
$$;
COMMENT ON FUNCTION box_across IS 'The same box as points beyond the 180th meridian see it.';
