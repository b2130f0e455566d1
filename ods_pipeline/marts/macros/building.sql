-- Macros for building marts. ods.duckdb does not get them: they need no care for DuckDB 1.2.

-- joined_runs(pieces, key, state): neighbours with the same state as one row. This is our one pattern for gaps and
-- islands. `pieces` is the name of a common table expression of the same query, as text: lineage would not see a table
-- named so. It has valid_from and valid_to, half-open and never null (use infinity). `key` is one column, or several in
-- parentheses.
-- A new run begins at the first row of a key, after a gap, and where the state differs from the row before. Pieces
-- of the same state may overlap; pieces of different states must not. The row of a run is its first piece with
-- valid_to moved to the end of the run.
CREATE MACRO joined_runs(pieces, key, state) AS TABLE
    SELECT
        * EXCLUDE (end_so_far, last_end, state_before)
        REPLACE (lead(end_so_far, 1, last_end) OVER (PARTITION BY key ORDER BY valid_from) AS valid_to)
    FROM (
        SELECT
            *,
            max(valid_to) OVER (
                PARTITION BY key ORDER BY valid_from, valid_to ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS end_so_far,
            max(valid_to) OVER (PARTITION BY key) AS last_end,
            lag(state) OVER (PARTITION BY key ORDER BY valid_from, valid_to) AS state_before
        FROM query_table(pieces)
    )
    WHERE end_so_far IS NULL OR end_so_far < valid_from OR state_before IS DISTINCT FROM state;

-- Whether two half-open intervals have a day in common. Null is no end, or no start, known.
CREATE MACRO share_days(from_a, to_a, from_b, to_b) AS
coalesce(from_a < to_b, true) AND coalesce(to_a > from_b, true);
