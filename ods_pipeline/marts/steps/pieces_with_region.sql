-- The pieces with their area and region, and with whether a link to a code that is not held is why they have no ICB or
-- region. A piece is cut where its commissioner moves to another area, or its ICB, area or hub to another region.

WITH timeline AS (
    FROM steps.parents_above
),

with_area AS (
    SELECT
        i.* EXCLUDE (
            own_area_code, own_area_level, own_area_rel, own_area_id, own_area_is_ambiguous, nearest_commissioner_code,
            commissioner_is_ambiguous, commissioner_counts, without_icb
        ) REPLACE (
            -- The commissioner of the operator counts where it leads to a hub or an area.
            CASE WHEN i.commissioner_counts OR t.parent_code IS NOT NULL THEN i.commissioner_id END AS commissioner_id,
            i.is_ambiguous OR CASE
                WHEN t.parent_code IS NULL THEN i.own_area_is_ambiguous
                ELSE t.is_ambiguous OR i.commissioner_is_ambiguous
            END AS is_ambiguous,
            greatest(i.valid_from, coalesce(t.valid_from, i.valid_from)) AS valid_from,
            least(i.valid_to, coalesce(t.valid_to, i.valid_to)) AS valid_to
        ),
        coalesce(t.parent_code, i.own_area_code) AS area_code,
        CASE WHEN t.parent_code IS NULL THEN i.own_area_level ELSE t.level END AS area_level,
        CASE WHEN t.parent_code IS NULL THEN i.own_area_rel ELSE t.rel_id END AS area_rel,
        CASE WHEN t.parent_code IS NULL THEN i.own_area_id ELSE t.unique_rel_id END AS area_id,
        NULL::VARCHAR AS region_code,
        NULL::VARCHAR AS region_rel,
        NULL::BIGINT AS region_id
    FROM steps.pieces_with_icb AS i
    LEFT JOIN timeline AS t
        ON t.ods_code = i.nearest_commissioner_code AND t.level = 'commissioning_area' AND NOT i.is_under_hub
        AND share_days(t.valid_from, t.valid_to, i.valid_from, i.valid_to)
),

-- The region that it states itself (an ICB, an area, a hub), else that of its ICB, its area, its hub.
with_own_region AS (
    FROM reaching_region('with_area', 'timeline', ods_code)
),

with_icb_region AS (
    FROM reaching_region('with_own_region', 'timeline', icb_code)
),

with_area_region AS (
    FROM reaching_region('with_icb_region', 'timeline', area_code)
),

with_hub_region AS (
    FROM reaching_region('with_area_region', 'timeline', hub_code)
),

-- Whether a link to a code that is not held is why there is no ICB or no region: one of its own to an ICB, or one to a
-- region of the organisations from which it would have it. A row is cut where such a link begins or ends, but not where
-- another reason is given all the same.
with_unknown_icb AS (
    SELECT
        i.* EXCLUDE (without_icb) REPLACE (
            CASE WHEN t.valid_from > i.valid_from THEN t.valid_from ELSE i.valid_from END AS valid_from,
            CASE WHEN t.valid_to < i.valid_to THEN t.valid_to ELSE i.valid_to END AS valid_to
        ),
        t.parent_code IS NOT NULL AS icb_ends_nowhere,
        t.parent_code IS NOT NULL AS region_ends_nowhere
    FROM (
        SELECT
            *,
            CASE
                WHEN icb_code IS NULL
                    AND (region_code IS NULL OR NOT (is_under_hub OR is_outside_england(country, kind)))
                    THEN ods_code
            END AS without_icb
        FROM with_hub_region
    ) AS i
    LEFT JOIN timeline AS t
        ON t.ods_code = i.without_icb AND t.level = 'icb_unknown'
        AND t.valid_from < i.valid_to AND t.valid_to > i.valid_from
),

with_own_unknown AS (
    FROM ending_nowhere('with_unknown_icb', 'timeline', ods_code)
),

with_unknown_of_icb AS (
    FROM ending_nowhere('with_own_unknown', 'timeline', icb_code)
),

with_unknown_of_area AS (
    FROM ending_nowhere('with_unknown_of_icb', 'timeline', area_code)
),

with_unknown_of_hub AS (
    FROM ending_nowhere('with_unknown_of_area', 'timeline', hub_code)
)

SELECT
    * REPLACE (
        icb_ends_nowhere AND NOT (is_under_hub OR is_outside_england(country, kind) OR ended_before_icbs)
        AND valid_to > first_icb_day() AS icb_ends_nowhere,
        region_ends_nowhere AND region_code IS NULL AS region_ends_nowhere
    )
FROM with_unknown_of_hub
