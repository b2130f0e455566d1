-- Facts: ord against history, and captures against what they gave.

-- ord.organisations has the same values for a code as its one open version in history.
WITH published AS (
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

expected AS (
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

SELECT ods_code FROM in_one_only('published', 'expected');

-- Roles in ord are those of the open versions, except ids that another organisation keeps.
WITH published AS (
    SELECT
        ods_code,
        role_id,
        unique_role_id,
        operational_end
    FROM ord.roles
),

expected AS (
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

SELECT ods_code FROM in_one_only('published', 'expected');

-- Relationships in ord are those of the open versions, except ids that another organisation keeps.
WITH published AS (
    SELECT
        ods_code,
        rel_id,
        unique_rel_id,
        target_ods_code,
        operational_end
    FROM ord.relationships
),

expected AS (
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

SELECT ods_code FROM in_one_only('published', 'expected');

-- Versions of a code never overlap.
SELECT ods_code FROM history.organisations
QUALIFY lead(known_from) OVER (PARTITION BY ods_code ORDER BY known_from)
    < coalesce(known_to, DATE '9999-12-31');

-- A code that was held and has no open version has a confirmed deletion, and no other held code has one.
WITH published AS (SELECT ods_code FROM history.organisations GROUP BY ods_code HAVING bool_and(known_to IS NOT NULL)),

expected AS (
    SELECT ods_code
    FROM ord.deletions WHERE state = 'confirmed'
        AND ods_code IN (SELECT ods_code FROM history.organisations)
)

SELECT ods_code FROM in_one_only('published', 'expected');

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
