-- What became of a code: the finder, closed codes, successions and events.

-- code_finder has every code ever held or confirmed as deleted, once, and no other.
WITH published AS (SELECT ods_code FROM marts.code_finder),

expected AS (
    SELECT ods_code FROM history.organisations
    UNION
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

SELECT ods_code FROM in_one_only('published', 'expected');

-- closed_codes has every organisation that is closed by its dates and every confirmed deletion, and no other. Inactive
-- closes only what ODS gives no end and had begun when its record was stamped, and not before that day.
WITH published AS (SELECT ods_code FROM marts.closed_codes),

expected AS (
    SELECT ods_code FROM ord.organisations
    WHERE coalesce(operational_start, legal_start, ods_today()) <= ods_today()
        AND (
            coalesce(operational_end < ods_today(), false) OR coalesce(legal_end < ods_today(), false)
            OR (
                status = 'Inactive' AND operational_end IS NULL
                AND (operational_start IS NOT NULL OR legal_end IS NULL)
                AND coalesce(greatest(operational_start, legal_start) <= last_change_date, true)
                AND coalesce(last_change_date <= ods_today(), true)
            )
        )
    UNION
    SELECT ods_code FROM ord.deletions WHERE state = 'confirmed'
)

SELECT ods_code FROM in_one_only('published', 'expected');

-- succession_edges has every succession of ODS once, from old to new, and no other from ODS.
WITH published AS (
    SELECT
        old_code,
        new_code
    FROM marts.succession_edges WHERE source = 'ods'
),

expected AS (
    SELECT DISTINCT
        if(succession_type = 'Successor', ods_code, target_ods_code) AS old_code,
        if(succession_type = 'Successor', target_ods_code, ods_code) AS new_code
    FROM ord.successions WHERE ods_code <> target_ods_code
)

SELECT old_code || ' ' || new_code FROM in_one_only('published', 'expected');

-- code_crosswalk has every code held at 0 hops and every succession edge, at 1 hop once it has begun, and the length
-- of each path fits its hops.
SELECT ods_code FROM ord.organisations
WHERE ods_code NOT IN (SELECT old_code FROM marts.code_crosswalk WHERE hops = 0)
UNION ALL
SELECT e.old_code FROM marts.succession_edges AS e
ANTI JOIN marts.code_crosswalk AS c
    ON c.old_code = e.old_code AND c.new_code = e.new_code
    AND (c.hops = 1 OR e.effective_on > ods_today())
UNION ALL
SELECT old_code FROM marts.code_crosswalk
WHERE len(path) <> hops + 1 OR path[1] <> old_code OR path[-1] <> new_code;

-- Every event of code_changes has a code that was held or has a deletion, and a capture that is held.
SELECT change_id FROM marts.code_changes
WHERE capture_id NOT IN (SELECT capture_id FROM ord.captures)
    OR ods_code NOT IN (
        SELECT ods_code FROM history.organisations
        UNION
        SELECT ods_code FROM ord.deletions
    );
