-- Which organisations are related, in the shape of NHS England's own reference data: from the register of today, since
-- the code that reads it has no day on which the register showed it. Ends are inclusive.

WITH types AS (
    SELECT
        o.ods_code,
        t.type_code
    FROM ord.organisations AS o
    JOIN organisation_type_codes AS t ON t.primary_role_id = o.primary_role_id
    LEFT JOIN ord.roles AS r ON r.ods_code = o.ods_code AND r.role_id = t.with_role_id
    WHERE t.with_role_id IS NULL OR r.role_id IS NOT NULL
    GROUP BY ALL
),

-- What ends before it begins holds on no day. Links of several kinds with the same days are one row: the windows below
-- order by the days, and rows that tie could come first in one window and second in the next.
links AS (
    SELECT
        r.ods_code AS from_code,
        min(a.type_code) AS from_type,
        r.target_ods_code AS to_code,
        min(b.type_code) AS to_type,
        coalesce(r.legal_start, r.operational_start) AS opens,
        coalesce(
            r.legal_end,
            r.operational_end,
            day_before(
                holds_to(
                    r.status, r.operational_start, r.legal_start, r.operational_end, r.legal_end, o.last_change_date
                )
            )
        ) AS closes
    FROM ord.relationships AS r
    JOIN ord.organisations AS o ON o.ods_code = r.ods_code
    JOIN types AS a ON a.ods_code = r.ods_code
    JOIN types AS b ON b.ods_code = r.target_ods_code
    WHERE coalesce(closes >= opens, true)
    GROUP BY from_code, to_code, opens, closes
),

-- Relationships of several kinds hold between the same two; a join must not meet the pair twice on one day.
beginnings AS (
    SELECT
        *,
        coalesce(
            coalesce(opens, DATE '0001-01-01') > max(coalesce(closes, DATE '9999-12-31')) OVER (
                PARTITION BY from_code, to_code
                ORDER BY opens NULLS FIRST, closes
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) + 1,
            true
        ) AS begins
    FROM links
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (WHERE begins) OVER (
            PARTITION BY from_code, to_code
            ORDER BY opens NULLS FIRST, closes
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS run
    FROM beginnings
),

pairs AS (
    SELECT
        from_code,
        min(from_type) AS from_type,
        to_code,
        min(to_type) AS to_type,
        run,
        CASE WHEN bool_and(opens IS NOT NULL) THEN min(opens) END AS opens,
        CASE WHEN bool_and(closes IS NOT NULL) THEN max(closes) END AS closes
    FROM numbered
    GROUP BY from_code, to_code, run
    UNION ALL
    SELECT
        e.new_code,
        a.type_code,
        e.old_code,
        b.type_code,
        0,
        e.effective_on,
        NULL
    FROM marts.succession_edges AS e
    JOIN types AS a ON a.ods_code = e.new_code
    JOIN types AS b ON b.ods_code = e.old_code
    WHERE e.source = 'ods'
)

SELECT
    p.from_code AS "REL_FROM_ORG_CODE", -- noqa: RF06
    p.from_type AS "REL_FROM_ORG_TYPE_CODE", -- noqa: RF06
    p.to_code AS "REL_TO_ORG_CODE", -- noqa: RF06
    p.to_type AS "REL_TO_ORG_TYPE_CODE", -- noqa: RF06
    CASE WHEN p.run = 0 THEN 'P' ELSE t.rel_type_code END AS "REL_TYPE_CODE", -- noqa: RF06
    p.opens AS "REL_OPEN_DATE", -- noqa: RF06
    p.closes AS "REL_CLOSE_DATE", -- noqa: RF06
    CASE
        WHEN coalesce(p.opens <= ods_today(), true) AND coalesce(p.closes >= ods_today(), true) THEN 1
        ELSE 0
    END AS "REL_IS_CURRENT", -- noqa: RF06
    p.run AS "REL_NUMBER" -- noqa: RF06
FROM pairs AS p
LEFT JOIN relationship_type_codes AS t ON t.from_type_code = p.from_type AND t.to_type_code = p.to_type
