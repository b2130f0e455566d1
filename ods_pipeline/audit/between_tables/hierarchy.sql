-- Parents of organisations.

-- A relationship of the organisation gives operator, PCN and commissioner in provider_hierarchy_current.
SELECT h.ods_code FROM marts.provider_hierarchy_current AS h,
    unnest([(operator_code, 'RE6'), (pcn_code, 'RE8'), (commissioner_code, 'RE4')]) AS t (parent)
WHERE parent[
        1] IS NOT NULL AND NOT EXISTS (
        FROM ord.relationships AS r
        WHERE r.ods_code = h.ods_code AND r.target_ods_code = parent[1] AND r.rel_id = parent[2]
    );

-- The register holds every parent in provider_hierarchy_current.
SELECT DISTINCT parent
FROM (
    SELECT
        unnest([
            operator_code, provider_code, pcn_code, commissioner_code,
            sub_icb_code, icb_code, area_code, region_code
        ]) AS parent
    FROM marts.provider_hierarchy_current
)
WHERE parent IS NOT NULL AND parent NOT IN (SELECT ods_code FROM ord.organisations);

-- No commissioning hub (RO218 without RO319) is a sub-ICB location today, and what a hub commissions has none.
WITH hubs AS (
    SELECT ods_code
    FROM ord.roles
    WHERE role_id = 'RO218' AND coalesce(status, 'Active') = 'Active'
        AND coalesce(operational_start, legal_start, ods_today()) <= ods_today()
        AND coalesce(operational_end, legal_end, ods_today()) >= ods_today()
    EXCEPT
    SELECT ods_code
    FROM ord.roles
    WHERE role_id = 'RO319'
)

SELECT ods_code
FROM marts.provider_hierarchy_current
WHERE sub_icb_code IN (SELECT ods_code FROM hubs)
    OR (
        commissioner_code IN (SELECT ods_code FROM hubs)
        AND (sub_icb_code IS NOT NULL OR commissioning_icb_code IS NOT NULL)
    );

-- provider_hierarchy gives a reason where a sub-ICB location, ICB or region is missing, and nowhere else.
SELECT ods_code
FROM marts.provider_hierarchy
WHERE (sub_icb_code IS NULL) <> (sub_icb_reason IS NOT NULL)
    OR (icb_code IS NULL) <> (icb_reason IS NOT NULL)
    OR (region_code IS NULL) <> (region_reason IS NOT NULL);

-- An area in provider_hierarchy is a local office of a region (RO210) or a health authority (RO132), and a
-- relationship IS LOCATED IN THE GEOGRAPHY OF (RE5) or IS COMMISSIONED BY (RE4) in via leads to it.
SELECT h.ods_code
FROM (
    SELECT
        ods_code,
        area_code,
        unnest(via).unique_rel_id AS id
    FROM marts.provider_hierarchy
    WHERE area_code IS NOT NULL
) AS h
LEFT JOIN ord.relationships AS r
    ON r.unique_rel_id = h.id AND r.target_ods_code = h.area_code AND r.rel_id IN ('RE4', 'RE5')
    AND r.target_ods_code IN (SELECT ods_code FROM ord.organisations WHERE primary_role_id IN ('RO210', 'RO132'))
GROUP BY h.ods_code, h.area_code
HAVING count(r.unique_rel_id) = 0;

-- The relationships that provider_hierarchy lists in via are in ord.relationships.
SELECT DISTINCT ods_code
FROM (
    SELECT
        ods_code,
        unnest(via).unique_rel_id AS id
    FROM marts.provider_hierarchy
)
WHERE id NOT IN (SELECT unique_rel_id FROM ord.relationships);

-- Rows of an organisation in provider_hierarchy never overlap.
SELECT ods_code FROM marts.provider_hierarchy
QUALIFY lead(valid_from) OVER (PARTITION BY ods_code ORDER BY valid_from)
    < coalesce(valid_to, DATE '9999-12-31');

-- hierarchy_edges has every relationship, with its parent, and no other.
WITH published AS (
    SELECT DISTINCT
        unique_rel_id,
        ods_code,
        parent_code
    FROM marts.hierarchy_edges
),

expected AS (
    SELECT
        unique_rel_id,
        ods_code,
        target_ods_code AS parent_code
    FROM ord.relationships
)

SELECT unique_rel_id FROM in_one_only('published', 'expected');
