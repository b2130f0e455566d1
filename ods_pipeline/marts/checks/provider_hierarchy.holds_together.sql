-- organisations and their parents over time
-- Intervals of an organisation do not overlap; every organisation has a row on its first day; the steps in via hold
-- throughout the row and lead to the parents that the row names.
WITH ordered AS (
    SELECT
        ods_code,
        valid_from,
        valid_to,
        lead(valid_from) OVER (PARTITION BY ods_code ORDER BY valid_from) AS next_from
    FROM mart
),

numbered AS MATERIALIZED (
    SELECT
        * EXCLUDE (
            kind, country, sub_icb_reason, icb_code, icb_basis, icb_reason, region_reason, is_ambiguous
        ),
        row_number() OVER () AS place
    FROM mart
),

steps AS MATERIALIZED (
    SELECT
        m.* EXCLUDE (step),
        m.step.level AS level,
        r.target_ods_code AS code,
        r.unique_rel_id IS NULL OR r.operational_start > m.valid_from
        OR day_after(r.operational_end) < coalesce(m.valid_to, DATE 'infinity') AS fails
    FROM (
        SELECT
            * EXCLUDE (via),
            unnest(via) AS step
        FROM numbered
    ) AS m
    LEFT JOIN ord.relationships AS r ON r.unique_rel_id = m.step.unique_rel_id AND r.rel_id = m.step.rel_id
),

-- Which of its parents the steps of a row lead to.
reached AS (
    SELECT
        place,
        bool_or(level = 'operator' AND code = operator_code) AS operator,
        bool_or(level = 'operator' AND code = provider_code) AS provider,
        bool_or(level = 'pcn' AND code = pcn_code) AS pcn,
        bool_or(level = 'commissioner' AND code = commissioner_code) AS commissioner,
        bool_or(level = 'sub_icb' AND code = sub_icb_code) AS sub_icb,
        bool_or(level = 'commissioning_icb' AND code = commissioning_icb_code) AS commissioning_icb,
        bool_or(level = 'partner_icb' AND code = partner_icb_code) AS partner_icb,
        bool_or(level = 'geography_icb' AND code = geography_icb_code) AS geography_icb,
        bool_or(level IN ('area', 'area_as_commissioner', 'commissioning_area') AND code = area_code) AS area,
        bool_or(level = 'region' AND code = region_code) AS region
    FROM steps
    GROUP BY place
),

unreached AS (
    SELECT
        m.ods_code,
        m.valid_from,
        unnest(list_filter(
            [
                CASE WHEN t.operator IS NOT TRUE THEN m.operator_code END,
                CASE WHEN t.pcn IS NOT TRUE THEN m.pcn_code END,
                CASE WHEN t.commissioner IS NOT TRUE THEN m.commissioner_code END,
                CASE WHEN t.sub_icb IS NOT TRUE THEN m.sub_icb_code END,
                CASE WHEN t.commissioning_icb IS NOT TRUE THEN m.commissioning_icb_code END,
                CASE WHEN t.partner_icb IS NOT TRUE THEN m.partner_icb_code END,
                CASE WHEN t.geography_icb IS NOT TRUE THEN m.geography_icb_code END,
                CASE WHEN t.area IS NOT TRUE THEN m.area_code END,
                CASE WHEN t.region IS NOT TRUE THEN m.region_code END,
                CASE WHEN t.provider IS NOT TRUE THEN nullif(m.provider_code, m.ods_code) END
            ],
            LAMBDA code: code IS NOT NULL
        )) AS code
    FROM numbered AS m
    LEFT JOIN reached AS t ON t.place = m.place
)

SELECT
    'overlapping' AS problem,
    ods_code AS label
FROM ordered
WHERE next_from < coalesce(valid_to, DATE 'infinity') OR valid_from >= valid_to
UNION ALL
SELECT
    'missing on their first day',
    o.ods_code
FROM ord.organisations AS o
ANTI JOIN mart AS m
    ON m.ods_code = o.ods_code
    AND holds_on(m.valid_from, m.valid_to, o.operational_start)
WHERE o.operational_start <= coalesce(o.operational_end, o.operational_start)
    AND coalesce(o.status = 'Active' OR o.operational_end IS NOT NULL, true)
UNION ALL
SELECT
    'held up by a link that does not hold',
    ods_code || ' from ' || valid_from
FROM steps
WHERE fails
UNION ALL
SELECT
    'without the step to a parent',
    ods_code || ' from ' || valid_from || ' to ' || code
FROM unreached
