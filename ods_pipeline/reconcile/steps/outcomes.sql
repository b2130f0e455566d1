-- Each field of each row of a report against the published set: the value there, the value here, and the number of the
-- rule that explains how the two go together (rules.csv); null where no rule does.
-- In: fields_of_rows and the others, each with line, code, field, there, here, rule, is_recent, last_change_date;
-- rules, $first_day, $last_day, $as_of. Out: line, code, field, there, here, outcome, rule.

-- One row per field. Fields that a report has no column for have no row. is_recent: whether a report of a later day
-- than the register's may have another value, because the change can be one that the register cannot know of yet.
-- Where there are days, they decide: a day that was long past is in the register by now. What has none, as a name, may
-- have changed at any time.
WITH fields AS (
    FROM fields_of_rows
    UNION ALL
    FROM fields_of_names
    UNION ALL
    FROM fields_of_addresses
    UNION ALL
    FROM fields_of_openness
    UNION ALL
    FROM fields_of_areas
    UNION ALL
    FROM fields_of_links
),

ruled AS (
    SELECT
        *,
        -- Rule 20 comes last: it is for what nothing else explains.
        coalesce(
            rule,
            CASE WHEN is_recent AND $first_day > $as_of AND coalesce(last_change_date <= $last_day, true) THEN 20 END
        ) AS last_rule
    FROM fields
)

SELECT
    f.line,
    f.code,
    f.field,
    f.there,
    f.here,
    CASE
        WHEN f.last_rule IS NOT NULL THEN u.outcome
        WHEN f.last_change_date > $last_day THEN 'newer_here'
        ELSE 'unexplained'
    END AS outcome,
    f.last_rule AS rule
FROM ruled AS f
LEFT JOIN rules AS u ON u.rule = f.last_rule
