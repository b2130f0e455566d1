-- One row per succession. ODS states it on both sides: Successor on the old record, Predecessor on the new one. Either
-- side is enough; where they differ by a day the later date counts. A code that succeeds itself is not a succession.
-- Successions that ODS lacks come from overrides.csv, where the register knows one of the two codes.

WITH sides AS (
    SELECT
        ods_code AS old_code,
        target_ods_code AS new_code,
        legal_start
    FROM ord.successions
    WHERE succession_type = 'Successor'
    UNION ALL
    SELECT
        target_ods_code,
        ods_code,
        legal_start
    FROM ord.successions
    WHERE succession_type = 'Predecessor'
),

recorded AS (
    SELECT
        old_code,
        new_code,
        max(legal_start) AS effective_on,
        coalesce(max(legal_start) - min(legal_start), 0) AS days_apart,
        'ods' AS source,
        NULL AS citation
    FROM sides
    WHERE old_code <> new_code
    GROUP BY old_code, new_code
),

curated AS (
    SELECT
        c.old_code,
        c.new_code,
        c.effective_on,
        0 AS days_apart,
        'curated' AS source,
        c.source AS citation
    FROM overrides AS c
    ANTI JOIN recorded AS r ON r.old_code = c.old_code AND r.new_code = c.new_code
    WHERE EXISTS (FROM ord.organisations AS o WHERE o.ods_code IN (c.old_code, c.new_code))
)

FROM recorded
UNION ALL
FROM curated
