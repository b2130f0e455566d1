SELECT
    change_kind,
    count(*) FILTER (detected_on > ods_today() - 7) AS last_7_days,
    count(*) FILTER (detected_on >= r.as_of) AS since_the_newest_release,
    count(*) FILTER (detected_on > ods_today() - 365) AS last_365_days
FROM marts.code_changes
CROSS JOIN (
    SELECT max(as_of) AS as_of FROM ord.captures WHERE kind = 'full'
) AS r
GROUP BY change_kind
ORDER BY since_the_newest_release DESC, last_365_days DESC, change_kind
