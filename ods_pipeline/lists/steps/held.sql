-- The codes of the list that the register holds, each as it is on the day; a deletion is one of today.
-- In: codes, $day. Out: code, name, kind, is_archived, openness, the four days of the organisation, closed_today,
-- candidate_codes.

SELECT
    f.ods_code AS code,
    f.name,
    coalesce(k.kind, f.kind) AS kind,
    f.is_archived,
    CASE
        WHEN f.openness = 'deleted' THEN 'deleted'
        ELSE openness_of(
                o.status, o.operational_start, o.legal_start, o.operational_end, o.legal_end, o.last_change_date,
                $day
            )
    END AS openness,
    o.legal_start,
    o.legal_end,
    o.operational_start,
    o.operational_end,
    f.closed_on AS closed_today,
    f.candidate_codes
FROM marts.code_finder AS f
LEFT JOIN ord.organisations AS o ON o.ods_code = f.ods_code
LEFT JOIN marts.organisation_kinds AS k
    ON k.ods_code = f.ods_code AND k.valid_from <= $day AND coalesce(k.valid_to > $day, true)
WHERE f.ods_code IN (SELECT code FROM codes)
