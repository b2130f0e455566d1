-- bodies and their parents over time
-- Intervals of a body do not overlap; every body has a row on its first day; the steps in via hold throughout
-- the row and lead to the parents the row names.
WITH ordered AS (
    SELECT *, lead(valid_from) OVER (PARTITION BY ods_code ORDER BY valid_from) AS next_from
    FROM mart
),

steps AS (
    SELECT m.*, step.level AS step_level, r.target_ods_code AS step_code, r.operational_start, r.operational_end
    FROM (SELECT * EXCLUDE (via), unnest(via) AS step FROM mart) AS m
    LEFT JOIN ord.relationships AS r ON r.unique_rel_id = step.unique_rel_id AND r.rel_id = step.rel_id
)

SELECT 'overlapping' AS problem, ods_code AS label
FROM ordered
WHERE next_from < coalesce(valid_to, DATE 'infinity') OR valid_from >= valid_to
UNION ALL
SELECT 'missing on their first day', o.ods_code
FROM ord.organisations AS o
WHERE o.operational_start <= coalesce(o.operational_end, o.operational_start)
    AND NOT EXISTS (
        FROM mart AS m
        WHERE m.ods_code = o.ods_code
            AND m.valid_from <= o.operational_start AND coalesce(m.valid_to > o.operational_start, true)
    )
    AND coalesce(o.status = 'Active' OR o.operational_end IS NOT NULL, true)
UNION ALL
SELECT 'held up by a link that does not hold', ods_code || ' from ' || valid_from
FROM steps
WHERE step_code IS NULL OR operational_start > valid_from
    OR day_after(operational_end) < coalesce(valid_to, DATE 'infinity')
UNION ALL
SELECT 'without the step to a parent', m.ods_code || ' from ' || m.valid_from || ' to ' || parent.code
FROM (
    SELECT ods_code, valid_from, unnest([
        {'level': 'operator', 'code': operator_code}, {'level': 'pcn', 'code': pcn_code},
        {'level': 'commissioner', 'code': commissioner_code}, {'level': 'sub_icb', 'code': sub_icb_code},
        {'level': 'commissioning_icb', 'code': commissioning_icb_code},
        {'level': 'partner_icb', 'code': partner_icb_code}, {'level': 'geography_icb', 'code': geography_icb_code},
        {'level': 'region', 'code': region_code},
        {'level': 'operator', 'code': nullif(provider_code, ods_code)}
    ]) AS parent
    FROM mart
) AS m
WHERE parent.code IS NOT NULL
    AND NOT EXISTS (
        FROM steps AS s
        WHERE s.ods_code = m.ods_code AND s.valid_from = m.valid_from
            AND s.step_level = parent.level AND s.step_code = parent.code
    )
