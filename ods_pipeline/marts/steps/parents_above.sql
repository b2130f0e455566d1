-- What is above the organisations that links name, on every day: the ICB of a sub-ICB location, the area of a
-- commissioner, a region; and on which days a link of an organisation leads to a code that is not held (icb_unknown,
-- region_unknown). Days that have none have a row too, so that a join loses no day. 0001-01-01 and infinity mean no
-- beginning and no end.

WITH links AS (
    FROM steps.chosen_parents
),

-- Links to codes that are not held: to an ICB or on the way to one, or to a region. One that is inactive from the
-- day on which it begins holds on no day.
nowhere AS MATERIALIZED (
    SELECT
        ods_code,
        CASE WHEN level = 'region' THEN 'region_unknown' ELSE 'icb_unknown' END AS level,
        'not held' AS parent_code,
        valid_from,
        coalesce(valid_to, DATE 'infinity') AS valid_to
    FROM marts.hierarchy_edges
    WHERE NOT parent_is_held
        AND valid_from < coalesce(valid_to, DATE 'infinity')
        AND level IN ('commissioner', 'commissioning_icb', 'partner_icb', 'geography_icb', 'region')
),

above AS (
    FROM links
    WHERE level = 'region'
        OR (level = 'commissioning_icb' AND ods_code IN (SELECT parent_code FROM links WHERE level = 'sub_icb'))
        OR (level = 'commissioning_area' AND ods_code IN (SELECT parent_code FROM links WHERE level = 'commissioner'))
    UNION ALL BY NAME
    FROM joined_runs('nowhere', (ods_code, level), level)
),

timeline AS (
    SELECT
        ods_code,
        level,
        valid_from,
        valid_to,
        parent_code,
        rel_id,
        unique_rel_id,
        is_ambiguous
    FROM above
    UNION ALL BY NAME
    SELECT
        ods_code,
        level,
        DATE '0001-01-01' AS valid_from,
        min(valid_from) AS valid_to
    FROM above
    GROUP BY ods_code, level
    UNION ALL BY NAME
    SELECT
        ods_code,
        level,
        valid_to AS valid_from,
        next_from AS valid_to
    FROM (
        SELECT
            *,
            lead(valid_from, 1, DATE 'infinity') OVER (PARTITION BY ods_code, level ORDER BY valid_from) AS next_from
        FROM above
    )
    WHERE valid_to < next_from
)

FROM timeline
