-- What the register showed of each organisation, in the shape of NHS England's own reference data: one row per version.
-- Ends are inclusive.

WITH types AS (
    SELECT
        h.ods_code,
        h.known_from,
        t.type_code
    FROM history.organisations AS h
    JOIN organisation_type_codes AS t ON t.primary_role_id = h.primary_role_id
    LEFT JOIN history.roles AS r
        ON r.ods_code = h.ods_code AND r.known_from = h.known_from AND r.role_id = t.with_role_id
    WHERE t.with_role_id IS NULL OR r.role_id IS NOT NULL
    GROUP BY ALL
),

versions AS (
    SELECT
        *,
        coalesce(legal_start, operational_start) AS opens,
        coalesce(
            legal_end,
            operational_end,
            day_before(
                holds_to(status, operational_start, legal_start, operational_end, legal_end, last_change_date)
            )
        ) AS closes
    FROM history.organisations
)

SELECT
    v.ods_code AS "ORG_CODE", -- noqa: RF06
    v.name AS "NAME", -- noqa: RF06
    NULL AS "SHORT_NAME", -- noqa: RF06
    t.type_code AS "ORG_TYPE_CODE", -- noqa: RF06
    v.opens AS "ORG_OPEN_DATE", -- noqa: RF06
    v.closes AS "ORG_CLOSE_DATE", -- noqa: RF06
    CASE
        WHEN
            v.known_to IS NULL
            AND coalesce(v.opens <= ods_today(), true)
            AND coalesce(v.closes >= ods_today(), true) THEN 1
        ELSE 0
    END AS "ORG_IS_CURRENT", -- noqa: RF06
    v.known_from AS "BUSINESS_START_DATE", -- noqa: RF06
    -- Seen on one day and gone by the end of it: that day is the last.
    CASE
        WHEN v.known_to IS NOT NULL THEN greatest(v.known_to - 1, v.known_from)
    END AS "BUSINESS_END_DATE", -- noqa: RF06
    v.known_from AS "SYSTEM_CREATED_DATE", -- noqa: RF06
    v.primary_role_id AS "ORG_ROLE_ID" -- noqa: RF06
FROM versions AS v
LEFT JOIN types AS t ON t.ods_code = v.ods_code AND t.known_from = v.known_from
