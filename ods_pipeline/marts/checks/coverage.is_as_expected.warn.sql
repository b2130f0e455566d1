-- coverage
-- Shares below those of coverage_limits.csv. With less than 20 organisations one more or less decides too much. Before
-- April 2020 ODS recorded no ICBs, and the present regions for hardly anyone: nothing is expected of an earlier day.
SELECT
    'below what is expected' AS problem,
    kind || ' with ' || level || ': '
    || with_parent || ' of ' || can_have || ', expected ' || round(100 * expected_share)::INTEGER || ' %' AS label
FROM mart
WHERE share < expected_share AND can_have >= 20 AND (level = 'provider' OR ods_today() >= DATE '2020-04-01')
