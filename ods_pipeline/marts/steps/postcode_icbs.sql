-- The ICB of the postcode, for open organisations that may have it: those whose roles today fit the line postcode_icb
-- of hierarchy_rules.csv. Without that line, or without a file of postcodes, there are none. It holds from the first
-- day of the edition, never before, and not beyond the life of the ICB. Days that have none have a row too.

WITH organisations AS (
    SELECT
        o.ods_code,
        postcode_key(o.postcode) AS key,
        coalesce(c.role_class, o.primary_role_id, '') AS role_class
    FROM ord.organisations AS o
    JOIN marts.organisation_status AS s ON s.ods_code = o.ods_code AND s.openness IN ('open', 'closing')
    LEFT JOIN (
        SELECT DISTINCT
            ods_code,
            '=' || ods_code AS role_class
        FROM steps.role_pieces
    ) AS c ON c.ods_code = o.ods_code
    WHERE NOT is_outside_england(o.country, s.kind)
),

icbs AS (
    SELECT
        o.ods_code,
        p.icb_code,
        greatest(p.edition_day, coalesce(holds_from(i.operational_start, i.legal_start), p.edition_day)) AS valid_from,
        coalesce(
            holds_to(
                i.status, i.operational_start, i.legal_start, i.operational_end, i.legal_end, i.last_change_date
            ),
            DATE 'infinity'
        ) AS valid_to
    FROM organisations AS o
    JOIN hierarchy_rules AS rule ON rule.level = 'postcode_icb'
    JOIN steps.rule_days AS d
        ON d.role_class = o.role_class AND d.expression = rule.child_role
        AND holds_on(d.valid_from, d.valid_to, ods_today())
    JOIN geo.postcodes AS p ON p.postcode_key = o.key
    JOIN ord.organisations AS i ON i.ods_code = p.icb_code AND i.ods_code <> o.ods_code
),

holding AS (
    FROM icbs
    WHERE valid_from < valid_to
)

FROM holding
UNION ALL
SELECT
    ods_code,
    NULL,
    DATE '0001-01-01',
    valid_from
FROM holding
UNION ALL
SELECT
    ods_code,
    NULL,
    valid_to,
    DATE 'infinity'
FROM holding
WHERE valid_to < DATE 'infinity'
