-- Macros for building and checking marts. ods.duckdb does not get them: they need no care for DuckDB 1.2.

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

-- The last day before a half-open end: null before the first day that a date can be.
CREATE MACRO day_before(first_day) AS CASE WHEN first_day > DATE '0001-01-01' THEN first_day - 1 END;

-- Whether two half-open intervals have a day in common. Null means that no end, or no start, is known.
CREATE MACRO share_days(from_a, to_a, from_b, to_b) AS
coalesce(from_a < to_b, true) AND coalesce(to_a > from_b, true);

-- reaching_region(so_far, timeline, code): rows with the region of the organisation in column `code` where they have
-- none yet. `so_far` and `timeline` are names of common table expressions, as text; `so_far` has region_code,
-- region_rel, region_id, is_ambiguous, valid_from and valid_to. A row is cut where the region changes, so timeline must
-- speak for every day of an organisation that has one at all.
CREATE MACRO reaching_region(so_far, timeline, code) AS TABLE
    SELECT
        i.* EXCLUDE (without_region) REPLACE (
            coalesce(i.region_code, t.parent_code) AS region_code,
            coalesce(i.region_rel, t.rel_id) AS region_rel,
            coalesce(i.region_id, t.unique_rel_id) AS region_id,
            i.is_ambiguous OR coalesce(t.is_ambiguous, false) AS is_ambiguous,
            CASE WHEN t.valid_from > i.valid_from THEN t.valid_from ELSE i.valid_from END AS valid_from,
            CASE WHEN t.valid_to < i.valid_to THEN t.valid_to ELSE i.valid_to END AS valid_to
        )
    FROM (
        SELECT
            *,
            CASE WHEN region_code IS NULL THEN code END AS without_region
        FROM query_table(so_far)
    ) AS i
    LEFT JOIN query_table(timeline) AS t
        ON t.ods_code = i.without_region AND t.level = 'region'
        AND t.valid_from < i.valid_to AND t.valid_to > i.valid_from;

-- ending_nowhere(so_far, timeline, code): rows with region_ends_nowhere also where the organisation in column `code`
-- states a region that is not held. Like reaching_region, it cuts a row where such a link begins or ends.
CREATE MACRO ending_nowhere(so_far, timeline, code) AS TABLE
    SELECT
        i.* EXCLUDE (without_region) REPLACE (
            i.region_ends_nowhere OR t.parent_code IS NOT NULL AS region_ends_nowhere,
            CASE WHEN t.valid_from > i.valid_from THEN t.valid_from ELSE i.valid_from END AS valid_from,
            CASE WHEN t.valid_to < i.valid_to THEN t.valid_to ELSE i.valid_to END AS valid_to
        )
    FROM (
        SELECT
            *,
            CASE WHEN region_code IS NULL AND NOT region_ends_nowhere THEN code END AS without_region
        FROM query_table(so_far)
    ) AS i
    LEFT JOIN query_table(timeline) AS t
        ON t.ods_code = i.without_region AND t.level = 'region_unknown'
        AND t.valid_from < i.valid_to AND t.valid_to > i.valid_from;

-- Since this day ODS records in which ICB (before July 2022: STP) an organisation lies; before, its local office of the
-- region, or its health authority.
CREATE MACRO first_icb_day() AS DATE '2020-04-01';

-- Whether an organisation lies outside England, by its address, or is of a kind that only other countries have. Without
-- a country it counts as English; some addresses only have the name of the whole state.
CREATE MACRO is_outside_england(country, kind) AS
coalesce(country NOT IN ('ENGLAND', 'UNITED KINGDOM', 'GREAT BRITAIN', 'UK', 'GB'), false)
OR kind IN (
    'health_board', 'health_board_site', 'northern_ireland_trust', 'scottish_practice', 'northern_ireland_practice'
);

-- Whether organisations of a kind run others and are themselves commissioned by nobody.
CREATE MACRO is_head_office(kind) AS
kind IN ('pharmacy_hq', 'optical_hq', 'independent_provider', 'social_care_provider');

-- An address line, as name_key makes it, with each word for a way or a building in one spelling: HIGH ST and HIGH
-- STREET are one, and so are ST JOHNS and SAINT JOHNS.
CREATE MACRO street_key(line_key) AS array_to_string(
    list_transform(
        string_split(line_key, ' '),
        LAMBDA word: coalesce(
            [
                'ST', 'ST', 'ST', 'RD', 'AVE', 'AVE', 'LN', 'DR', 'DR', 'CT', 'CT', 'PL', 'SQ', 'CL',
                'CRES', 'CRES', 'GDNS', 'TERR', 'TERR', 'PDE', 'GR', 'GR', 'PK', 'MT', 'HSE',
                'BLDG', 'BLDG', 'BLDG', 'FLR', 'CTR', 'CTR', 'CTR'
            ][list_position(
                [
                    'STREET', 'STR', 'SAINT', 'ROAD', 'AVENUE', 'AV', 'LANE', 'DRIVE', 'DRV', 'COURT', 'CRT', 'PLACE',
                    'SQUARE', 'CLOSE', 'CRESCENT', 'CRESC', 'GARDENS', 'TERRACE', 'TER', 'PARADE', 'GROVE', 'GRV',
                    'PARK', 'MOUNT', 'HOUSE',
                    'BUILDING', 'BUILDINGS', 'BLDGS', 'FLOOR', 'CENTRE', 'CENTER', 'CTRE'
                ], word
            )],
            word
        )
    ),
    ' '
);

-- other_codes(expected, code): for checks, the codes that the mart lacks or should not have, as problem and label.
-- `expected` is the name of a common table expression with ods_code, as text; `code` is the mart's column of codes.
CREATE MACRO other_codes(expected, code) AS TABLE
    SELECT
        'missing' AS problem,
        ods_code AS label
    FROM (
        SELECT ods_code FROM query_table(expected)
        EXCEPT
        SELECT code FROM query_table('mart')
    )
    UNION ALL
    SELECT
        'too many',
        ods_code
    FROM (
        SELECT code AS ods_code FROM query_table('mart')
        EXCEPT
        SELECT ods_code FROM query_table(expected)
    );
