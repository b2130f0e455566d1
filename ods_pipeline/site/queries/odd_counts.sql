SELECT
    'releases that contradict the fetches before them' AS what,
    count(*) AS number
FROM marts.drift
UNION ALL
SELECT
    'organisations with two parents at the same preference',
    count(*)
FROM marts.provider_hierarchy_current
WHERE is_ambiguous
UNION ALL
SELECT
    'closed in law, still in operation',
    count(*)
FROM marts.organisation_status WHERE openness = 'legally_closed'
UNION ALL
SELECT
    'succeeded, but not closed',
    count(*)
FROM marts.organisation_status WHERE succeeded_on IS NOT NULL
UNION ALL
SELECT
    'open commissioning hubs',
    count(*)
FROM marts.organisation_status
WHERE kind = 'commissioning_hub' AND openness = 'open'
UNION ALL
SELECT
    'ids used twice',
    count(*)
FROM ord.repeated_ids
UNION ALL
SELECT
    'codes that are pointed at and not held',
    count(*)
FROM ord.unresolved_targets
UNION ALL
SELECT
    'records set aside because they break a rule',
    count(*)
FROM ord.quarantined_records
UNION ALL
SELECT
    'elements that ODS sends and we do not read',
    count(*)
FROM ord.unknown_elements
UNION ALL
SELECT
    'successions whose two sides give different days',
    count(*)
FROM marts.succession_edges WHERE days_apart > 0
UNION ALL
SELECT
    'open organisations with an open organisation of the same name and postcode',
    count(*)
FROM (
    SELECT count(*) OVER (PARTITION BY name_key, postcode_key, kind) AS alike
    FROM marts.code_finder
    WHERE openness = 'open' AND postcode_key IS NOT NULL
)
WHERE alike > 1
