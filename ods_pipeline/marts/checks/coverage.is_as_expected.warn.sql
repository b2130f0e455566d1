-- coverage
-- Shares below those of coverage_limits.csv. One body more or less decides nothing where there are few.
SELECT 'below what is expected' AS problem,
    kind || ' with ' || level || ': ' || with_parent || ' of ' || open_codes || ', expected ' || round(100 * expected_share)::INTEGER || ' %' AS label
FROM mart
WHERE share < expected_share AND open_codes >= 20
