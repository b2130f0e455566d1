SELECT
    s.ods_code,
    s.name,
    s.openness,
    count(p.ods_code) AS commissions
FROM marts.organisation_status AS s
LEFT JOIN marts.organisation_parents AS p ON p.commissioner_code = s.ods_code
WHERE s.kind = 'commissioning_hub' AND s.openness IN ('open', 'closing', 'not_yet_open')
GROUP BY ALL
ORDER BY commissions DESC, s.ods_code
