-- coverage
-- Shares below those of coverage_limits.csv. With less than 20 organisations one more or less decides too much.
SELECT
    'below what is expected' AS problem,
    kind || ' with ' || level || ': '
    || with_parent || ' of ' || can_have || ', expected ' || round(100 * expected_share)::INTEGER || ' %' AS label
FROM mart
WHERE share < expected_share AND can_have >= 20
