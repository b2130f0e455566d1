-- What must hold between published tables, written from what the tables mean and not from the SQL of the marts.
-- Each query returns, as one column, what breaks the sentence above it. All run on ods.duckdb; whether Parquet
-- holds the same is compared separately.

-- ord.organisations has the same values for a code as its one open version in history.
WITH a AS (
    SELECT
        ods_code,
        name,
        status,
        primary_role_id,
        postcode,
        uprn,
        operational_end,
        last_change_date,
        published_in,
        known_from
    FROM ord.organisations
),

b AS (
    SELECT
        ods_code,
        name,
        status,
        primary_role_id,
        postcode,
        uprn,
        operational_end,
        last_change_date,
        published_in,
        known_from
    FROM history.organisations
    WHERE known_to IS NULL
)

SELECT ods_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- Roles in ord are those of the open versions, except ids that another organisation keeps.
WITH a AS (
    SELECT
        ods_code,
        role_id,
        unique_role_id,
        operational_end
    FROM ord.roles
),

b AS (
    SELECT
        ods_code,
        role_id,
        unique_role_id,
        operational_end
    FROM history.roles
    WHERE known_to IS NULL AND unique_role_id || ' ' || ods_code NOT IN (
            SELECT unique_id || ' ' || ods_code FROM ord.repeated_ids WHERE component = 'roles'
        )
)

SELECT ods_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- Relationships in ord are those of the open versions, except ids that another organisation keeps.
WITH a AS (
    SELECT
        ods_code,
        rel_id,
        unique_rel_id,
        target_ods_code,
        operational_end
    FROM ord.relationships
),

b AS (
    SELECT
        ods_code,
        rel_id,
        unique_rel_id,
        target_ods_code,
        operational_end
    FROM history.relationships
    WHERE known_to IS NULL AND unique_rel_id || ' ' || ods_code NOT IN (
            SELECT unique_id || ' ' || ods_code FROM ord.repeated_ids WHERE component = 'relationships'
        )
)

SELECT ods_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- Versions of a code never overlap.
SELECT ods_code FROM history.organisations
QUALIFY lead(known_from) OVER (PARTITION BY ods_code ORDER BY known_from)
    < coalesce(known_to, DATE '9999-12-31');

-- A code that was held and has no open version has a confirmed deletion, and no other held code has one.
WITH a AS (SELECT ods_code FROM history.organisations GROUP BY ods_code HAVING bool_and(known_to IS NOT NULL)),

b AS (
    SELECT ods_code
    FROM ord.deletions WHERE state = 'confirmed'
        AND ods_code IN (SELECT ods_code FROM history.organisations)
)

SELECT ods_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- Each fetch has one observation per record used.
SELECT c.capture_id FROM ord.captures AS c
LEFT JOIN history.observations AS o ON o.capture_id = c.capture_id AND o.is_delta
WHERE c.kind = 'delta'
GROUP BY c.capture_id, c.used_records
HAVING count(o.ods_code) <> c.used_records;

-- Each file of a release has one observation that covers its day per record used.
SELECT c.capture_id FROM ord.captures AS c
LEFT JOIN history.observations AS o
    ON NOT o.is_delta AND o.published_in = c.kind AND c.as_of BETWEEN o.as_of AND o.as_of_last
WHERE c.kind <> 'delta' AND (
        SELECT count(*) FROM ord.captures AS d
        WHERE d.kind = c.kind AND d.as_of = c.as_of
    ) = 1
GROUP BY c.capture_id, c.used_records
HAVING count(o.ods_code) <> c.used_records;

-- For each capture, declared = parsed = used + superseded + set aside, and the tables of superseded and
-- quarantined records have as many rows.
SELECT capture_id FROM ord.captures
WHERE declared_records <> parsed_records
    OR parsed_records <> used_records + superseded_records + quarantined_records
    OR superseded_records <> (
        SELECT count(*) FROM ord.superseded_records AS s
        WHERE s.capture_id = captures.capture_id
    )
    OR quarantined_records <> (
        SELECT count(*) FROM ord.quarantined_records AS q
        WHERE q.capture_id = captures.capture_id
    );

-- code_finder has every code ever held or confirmed as deleted, once, and no other.
WITH a AS (SELECT ods_code FROM marts.code_finder),

b AS (
    SELECT ods_code FROM history.organisations
    UNION
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

SELECT ods_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- closed_codes has every organisation that is closed by its dates and every confirmed deletion, and no other.
WITH a AS (SELECT ods_code FROM marts.closed_codes),

b AS (
    SELECT ods_code FROM ord.organisations
    WHERE coalesce(operational_start, legal_start, ods_today()) <= ods_today()
        AND (
            coalesce(operational_end < ods_today(), false) OR coalesce(legal_end < ods_today(), false)
            OR (status = 'Inactive' AND operational_end IS NULL)
        )
    UNION
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

SELECT ods_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

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
-- relationship IS LOCATED IN THE GEOGRAPHY OF (RE5) in via leads to it.
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
    ON r.unique_rel_id = h.id AND r.target_ods_code = h.area_code AND r.rel_id = 'RE5'
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
WITH a AS (
    SELECT DISTINCT
        unique_rel_id,
        ods_code,
        parent_code
    FROM marts.hierarchy_edges
),

b AS (
    SELECT
        unique_rel_id,
        ods_code,
        target_ods_code AS parent_code
    FROM ord.relationships
)

SELECT unique_rel_id FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- succession_edges has every succession of ODS once, from old to new, and no other from ODS.
WITH a AS (
    SELECT
        old_code,
        new_code
    FROM marts.succession_edges WHERE source = 'ods'
),

b AS (
    SELECT DISTINCT
        if(succession_type = 'Successor', ods_code, target_ods_code) AS old_code,
        if(succession_type = 'Successor', target_ods_code, ods_code) AS new_code
    FROM ord.successions WHERE ods_code <> target_ods_code
)

SELECT old_code || ' ' || new_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- code_crosswalk has every code held at 0 hops and every succession edge at 1 hop, and the length of each path
-- fits its hops.
SELECT ods_code FROM ord.organisations
WHERE ods_code NOT IN (SELECT old_code FROM marts.code_crosswalk WHERE hops = 0)
UNION ALL
SELECT e.old_code FROM marts.succession_edges AS e
ANTI JOIN marts.code_crosswalk AS c ON c.old_code = e.old_code AND c.new_code = e.new_code AND c.hops = 1
UNION ALL
SELECT old_code FROM marts.code_crosswalk
WHERE len(path) <> hops + 1 OR path[1] <> old_code OR path[-1] <> new_code;

-- trust_sites has every organisation whose primary role is NHS trust site (RO198) or care trust site (RO108),
-- and no other.
WITH a AS (SELECT site_code AS ods_code FROM marts.trust_sites),

b AS (SELECT ods_code FROM ord.organisations WHERE primary_role_id IN ('RO198', 'RO108'))

SELECT ods_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- Every GP practice is a prescribing cost centre (RO177) that has or had the role GP practice (RO76).
SELECT ods_code FROM marts.gp_practices WHERE ods_code NOT IN (
        SELECT o.ods_code FROM ord.organisations AS o JOIN ord.roles AS r USING (ods_code)
        WHERE o.primary_role_id = 'RO177' AND r.role_id = 'RO76'
    );

-- Every event of code_changes has a code that was held or has a deletion, and a capture that is held.
SELECT change_id FROM marts.code_changes
WHERE capture_id NOT IN (SELECT capture_id FROM ord.captures)
    OR ods_code NOT IN (
        SELECT ods_code FROM history.organisations
        UNION
        SELECT ods_code FROM ord.deletions
    );

-- compat.org_daily has each version of history on the days on which the register showed it, with both ends
-- inclusive.
WITH a AS (
    SELECT
        org_code,
        name,
        org_role_id,
        org_open_date,
        business_start_date,
        business_end_date
    FROM compat.org_daily
),

b AS (
    SELECT
        ods_code,
        name,
        primary_role_id,
        coalesce(legal_start, operational_start),
        known_from,
        if(known_to > known_from, known_to - 1, known_to)
    FROM history.organisations
)

SELECT org_code FROM ((
    FROM a
    EXCEPT ALL
    FROM b
)
UNION ALL
(
    FROM b
    EXCEPT ALL
    FROM a
));

-- compat.org_relationship_daily relates a trust site that is operated by a trust to that trust, and the newer of two
-- trusts to the older, on the day on which each of these began.
WITH trusts AS (SELECT ods_code FROM ord.organisations WHERE primary_role_id = 'RO197'),

sites AS (SELECT ods_code FROM ord.organisations WHERE primary_role_id = 'RO198'),

expected AS (
    SELECT
        ods_code AS newer,
        target_ods_code AS older,
        coalesce(legal_start, operational_start) AS day
    FROM ord.relationships
    WHERE ods_code IN (FROM sites) AND target_ods_code IN (FROM trusts) AND status = 'Active'
        AND legal_end IS NULL AND operational_end IS NULL
    UNION ALL
    SELECT
        ods_code,
        target_ods_code,
        legal_start
    FROM ord.successions
    WHERE succession_type = 'Predecessor' AND ods_code IN (FROM trusts) AND target_ods_code IN (FROM trusts)
        AND ods_code <> target_ods_code
)

SELECT e.newer || ' ' || e.older FROM expected AS e
ANTI JOIN compat.org_relationship_daily AS r
    ON r.rel_from_org_code = e.newer AND r.rel_to_org_code = e.older
    AND coalesce(e.day BETWEEN r.rel_open_date AND coalesce(r.rel_close_date, DATE 'infinity'), true);
