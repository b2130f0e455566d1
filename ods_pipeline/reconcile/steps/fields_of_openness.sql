-- The days on which an organisation opened and closed, and the status that follows from them.
-- In: sides, $first_day, $last_day, $settled, $fields. Out: fields (see outcomes.sql).

SELECT
    line,
    code,
    'opened' AS field,
    coalesce(opened_day::VARCHAR, opened) AS there,
    opens::VARCHAR AS here,
    CASE
        WHEN opened_day = opens THEN 0
        WHEN opened IS NULL AND opens IS NULL THEN 0
        WHEN opened_day = operational_start THEN 1
        WHEN opened IS NULL AND opens <= DATE '1900-01-01' THEN 16
        WHEN ref_only AND opens IS NULL THEN 13
    END AS rule,
    coalesce(opened_day > $settled, false) AS is_recent,
    last_change_date
FROM sides
WHERE is_held AND list_contains($fields, 'opened')
UNION ALL
SELECT
    line,
    code,
    'closed',
    coalesce(closed_day::VARCHAR, closed),
    closes::VARCHAR,
    CASE
        WHEN closed_day = closes THEN 0
        WHEN closed IS NULL AND closes IS NULL THEN 0
        WHEN closed_day = operational_end THEN 1
        WHEN closed IS NULL AND closes >= $first_day THEN 2
        WHEN ref_only AND closes IS NULL THEN 13
    END,
    coalesce(CASE WHEN closed IS NULL THEN closes ELSE closed_day END > $settled, false),
    last_change_date
FROM sides
WHERE is_held AND list_contains($fields, 'closed')
UNION ALL
SELECT
    line,
    code,
    'status',
    status,
    CASE
        WHEN opens > $last_day THEN 'P'
        WHEN closes < $first_day THEN 'C'
        ELSE 'A'
    END,
    CASE
        WHEN status = 'A' AND coalesce(opens <= $last_day, true) AND coalesce(closes >= $first_day, true) THEN 0
        WHEN status = 'C' AND least(closes, operational_end) <= $last_day THEN 0
        -- A report is drawn up before the first day it is for, so what opens on that day is still proposed in it.
        WHEN status = 'P' AND opens >= $first_day THEN 0
        WHEN status = 'D' THEN 9
    END,
    coalesce(
        CASE status WHEN 'C' THEN closed_day WHEN 'P' THEN opened_day ELSE greatest(opens, closes) END > $settled,
        NOT list_contains($fields, CASE status WHEN 'C' THEN 'closed' ELSE 'opened' END)
    ),
    last_change_date
FROM sides
WHERE is_held AND status IS NOT NULL AND list_contains($fields, 'status')
