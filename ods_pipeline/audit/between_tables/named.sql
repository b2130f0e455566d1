-- Tables by the names people use, and those of other systems.

-- trust_sites has every organisation whose primary role is NHS trust site (RO198) or care trust site (RO108),
-- and no other.
WITH published AS (SELECT site_code AS ods_code FROM marts.trust_sites),

expected AS (SELECT ods_code FROM ord.organisations WHERE primary_role_id IN ('RO198', 'RO108'))

SELECT ods_code FROM in_one_only('published', 'expected');

-- Every GP practice is a prescribing cost centre (RO177) that has or had the role GP practice (RO76).
SELECT ods_code FROM marts.gp_practices WHERE ods_code NOT IN (
        SELECT o.ods_code FROM ord.organisations AS o JOIN ord.roles AS r USING (ods_code)
        WHERE o.primary_role_id = 'RO177' AND r.role_id = 'RO76'
    );

-- compat.org_daily has each version of history on the days on which the register showed it, with both ends
-- inclusive.
WITH published AS (
    SELECT
        org_code,
        name,
        org_role_id,
        org_open_date,
        business_start_date,
        business_end_date
    FROM compat.org_daily
),

expected AS (
    SELECT
        ods_code,
        name,
        primary_role_id,
        coalesce(legal_start, operational_start),
        known_from,
        if(known_to > known_from, known_to - 1, known_to)
    FROM history.organisations
)

SELECT org_code FROM in_one_only('published', 'expected');

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
