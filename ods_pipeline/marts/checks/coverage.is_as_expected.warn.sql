-- coverage
-- Shares below those of coverage_limits.csv. With less than 20 organisations one more or less decides too much.
SELECT
    'below what is expected' AS problem,
    kind || ' with ' || level || ': '
    || with_parent || ' of ' || open_codes || ', expected ' || round(100 * expected_share)::INTEGER || ' %' AS label
FROM mart
WHERE share < expected_share AND open_codes >= 20
