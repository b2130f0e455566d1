-- Who may have succeeded a closed organisation of which ODS records no successor. A candidate is of the same kind and
-- was open on a day after the old one had closed. Place, name and days decide together:
--   * the same place and adjoining days, whatever the name: a pharmacy that changes hands;
--   * the same UPRN within a month, whatever the name;
--   * the same UPRN or postcode and a like name within half a year;
--   * the same UPRN or postcode and the same name, open next to each other for up to two years.
-- The same place is one UPRN, or one postcode and first address line; HIGH ST is HIGH STREET. A name of nothing but
-- words that many have (THE SURGERY) counts at the same place only. Days are counted from the legal or the
-- operational end, whichever makes the better case: a shop is handed over when it stops working, a board when it ends
-- in law. A pair far below the best of either side is left out. The end of the trail is sought from each candidate
-- on: by recorded successions, else by its own best candidate. A code that is Inactive and has no end at all has no
-- candidate: its stamp is the day of the last change of any kind, so its last day is not known.

WITH RECURSIVE limits AS (
    SELECT
        7 AS days_adjoining,
        31 AS days_same_uprn,
        183 AS days_like_name,
        730 AS days_same_name,
        0.85 AS is_like,
        0.95 AS is_same,
        0.2 AS below_best,
        20 AS steps
),

organisations AS (
    SELECT
        s.ods_code,
        s.name,
        s.kind,
        s.openness,
        s.opens_on,
        -- Closed without a published end: at the latest on the day of its stamp.
        CASE WHEN s.openness IN ('closed', 'legally_closed') THEN coalesce(s.closes_on, o.last_change_date) END
            AS last_day,
        s.closes_on,
        -- Nobody follows one that stopped working later: by this day no two codes are candidates of each other.
        CASE
            WHEN s.openness IN ('closed', 'legally_closed')
                THEN coalesce(o.operational_end, s.closes_on, o.last_change_date)
        END AS stopped_on,
        o.legal_end,
        o.operational_end,
        o.uprn,
        o.address_line_1,
        nullif(replace(o.postcode, ' ', ''), '') AS postcode
    FROM marts.organisation_status AS s
    JOIN ord.organisations AS o ON o.ods_code = s.ods_code
    WHERE s.kind <> 'other'
),

-- A closed organisation, once for each of its ends.
gone AS (
    SELECT
        * EXCLUDE (closes_on),
        unnest(list_distinct([legal_end, operational_end])) AS closes_on
    FROM organisations
    WHERE openness IN ('closed', 'legally_closed') AND closes_on IS NOT NULL
        AND ods_code NOT IN (SELECT old_code FROM marts.succession_edges)
),

born AS (
    FROM organisations
    WHERE opens_on > DATE '1900-01-01'
        AND ods_code NOT IN (SELECT new_code FROM marts.succession_edges)
),

pairs AS (
    SELECT
        g.ods_code AS old_code,
        g.closes_on,
        b.ods_code AS candidate_code
    FROM gone AS g
    JOIN born AS b ON b.uprn = g.uprn AND b.kind = g.kind
    CROSS JOIN limits AS w
    WHERE b.opens_on BETWEEN g.closes_on - w.days_same_name AND g.closes_on + w.days_like_name + 1
        AND coalesce(b.last_day > g.closes_on AND b.stopped_on > g.stopped_on, true)
    UNION
    SELECT
        g.ods_code,
        g.closes_on,
        b.ods_code
    FROM gone AS g
    JOIN born AS b ON b.postcode = g.postcode AND b.kind = g.kind
    CROSS JOIN limits AS w
    WHERE b.opens_on BETWEEN g.closes_on - w.days_same_name AND g.closes_on + w.days_like_name + 1
        AND coalesce(b.last_day > g.closes_on AND b.stopped_on > g.stopped_on, true)
),

-- Words that many organisations of a kind have in their names do not make two names alike. Most address lines need no
-- cleaning: to test for that is cheaper than to clean.
words AS (
    SELECT
        s.ods_code,
        CASE
            WHEN regexp_full_match(s.address_line_1, '[A-Z0-9]+( [A-Z0-9]+)*') THEN s.address_line_1
            ELSE name_key(s.address_line_1)
        END AS line_key,
        trim(regexp_replace(
            s.name, '\b(THE|AND|LTD|LIMITED|PHARMACY|CHEMIST|CHEMISTS|SURGERY|MEDICAL|HEALTH|CENTRE|PRACTICE|DENTAL'
            || '|CARE|HOME|NURSING|RESIDENTIAL|HOUSE|DR|DRS|PARTNERS|GROUP|CLINIC)\b|[^A-Z0-9 ]', '', 'g'
        )) AS own_words
    FROM organisations AS s
    WHERE s.ods_code IN (
            SELECT old_code FROM pairs
            UNION
            SELECT candidate_code FROM pairs
        )
),

likened AS (
    SELECT
        p.old_code,
        p.candidate_code,
        g.kind,
        g.name AS old_name,
        b.name AS candidate_name,
        g.closes_on AS closed_on,
        b.opens_on AS opened_on,
        b.last_day AS candidate_closed_on,
        b.opens_on - (g.closes_on + 1) AS days_between,
        coalesce(g.uprn = b.uprn, false) AS same_uprn,
        coalesce(g.postcode = b.postcode, false) AS same_postcode,
        coalesce(
            g.postcode = b.postcode
            -- Short forms begin with the letter of the long ones.
            AND CASE
                WHEN gw.line_key = bw.line_key THEN true
                WHEN gw.line_key[1] = bw.line_key[1] THEN street_key(gw.line_key) = street_key(bw.line_key)
            END,
            false
        ) AS same_first_line,
        gw.own_words <> '' AND bw.own_words <> '' AS has_own_words,
        gw.own_words = '' AND bw.own_words = '' AS has_common_words_only,
        round(
            CASE
                WHEN gw.own_words <> '' AND bw.own_words <> '' THEN jaro_winkler_similarity(gw.own_words, bw.own_words)
                ELSE jaro_winkler_similarity(g.name, b.name)
            END, 3
        ) AS name_likeness
    FROM pairs AS p
    JOIN gone AS g ON g.ods_code = p.old_code AND g.closes_on = p.closes_on
    JOIN born AS b ON b.ods_code = p.candidate_code
    JOIN words AS gw ON gw.ods_code = p.old_code
    JOIN words AS bw ON bw.ods_code = p.candidate_code
    WHERE p.old_code <> p.candidate_code
),

scored AS (
    SELECT
        l.*,
        abs(days_between) <= w.days_adjoining AS is_adjoining,
        round(
            CASE WHEN same_uprn THEN 0.5 WHEN same_first_line THEN 0.45 ELSE 0.3 END
            + 0.25 * name_likeness
            + CASE
                WHEN abs(days_between) <= w.days_adjoining THEN 0.25
                WHEN abs(days_between) <= w.days_like_name THEN 0.05 + 0.1 * (1 - abs(days_between) / w.days_like_name)
                ELSE 0.05
            END, 3
        ) AS score
    FROM likened AS l, limits AS w
    WHERE ((same_uprn OR same_first_line) AND abs(days_between) <= w.days_adjoining)
        OR (same_uprn AND abs(days_between) <= w.days_same_uprn)
        OR (
            abs(days_between) <= w.days_like_name AND name_likeness >= w.is_like
            AND (has_own_words OR same_uprn OR same_first_line)
        )
        OR (
            days_between < 0 AND name_likeness >= w.is_same
            AND (has_own_words OR (has_common_words_only AND (same_uprn OR same_first_line)))
        )
    -- Of the two ends of the old code, the one that makes the better case.
    QUALIFY row_number() OVER (
            PARTITION BY old_code, candidate_code ORDER BY score DESC, abs(days_between), closed_on
        ) = 1
),

kept AS MATERIALIZED (
    SELECT s.*
    FROM scored AS s, limits AS w
    QUALIFY score >= max(score) OVER (PARTITION BY old_code) - w.below_best
        AND score >= max(score) OVER (PARTITION BY candidate_code) - w.below_best
),

-- Where a closed code leads: to the ends of its recorded successions, else to its best candidate.
next_codes AS MATERIALIZED (
    SELECT
        c.old_code AS code,
        c.new_code AS next_code
    FROM marts.code_crosswalk AS c
    JOIN kept AS k ON k.candidate_code = c.old_code AND k.candidate_closed_on IS NOT NULL
    WHERE c.hops > 0 AND c.is_terminal
    UNION
    SELECT
        old_code,
        candidate_code
    FROM kept
    QUALIFY row_number() OVER (PARTITION BY old_code ORDER BY score DESC, candidate_code) = 1
),

trail AS (
    SELECT
        old_code,
        candidate_code,
        candidate_code AS code,
        0 AS steps
    FROM kept
    UNION
    SELECT
        t.old_code,
        t.candidate_code,
        n.next_code,
        t.steps + 1
    FROM trail AS t
    JOIN next_codes AS n ON n.code = t.code
    JOIN limits AS w ON t.steps < w.steps
),

ends AS (
    SELECT
        t.old_code,
        t.candidate_code,
        list(DISTINCT t.code ORDER BY t.code) FILTER (s.openness IN ('open', 'closing', 'not_yet_open')) AS now_codes,
        arg_max(t.code, (t.steps, t.code)) AS last_code,
        arg_max(coalesce(s.closes_on::VARCHAR, 'an unknown day'), (t.steps, t.code)) AS last_closed_on
    FROM trail AS t
    LEFT JOIN marts.organisation_status AS s ON s.ods_code = t.code
    GROUP BY t.old_code, t.candidate_code
)

SELECT
    k.* EXCLUDE (is_adjoining, has_own_words, has_common_words_only),
    coalesce(e.now_codes, []) AS now_codes,
    CASE WHEN k.same_uprn THEN 'Same UPRN' WHEN k.same_first_line THEN 'Same address' ELSE 'Same postcode' END
    || CASE
        WHEN k.old_name = k.candidate_name OR k.name_likeness >= w.is_same THEN ', same name'
        WHEN k.name_likeness >= w.is_like THEN ', like name'
        ELSE ', other name'
    END
    -- Counted from the last day itself; days_between is counted from the day after it.
    || CASE WHEN k.opened_on > ods_today() THEN ', opens ' ELSE ', opened ' END
    || CASE
        WHEN k.days_between > 0 THEN k.days_between + 1 || ' days after'
        WHEN k.days_between = 0 THEN 'the day after'
        WHEN k.days_between = -1 THEN 'on the last day'
        WHEN k.days_between = -2 THEN 'the day before the end'
        ELSE -k.days_between - 1 || ' days before the end'
    END AS reason,
    CASE
        WHEN len(e.now_codes) = 0 OR e.now_codes IS NULL
            THEN CASE WHEN e.last_code <> k.candidate_code THEN 'then ' || e.last_code || ', ' ELSE '' END
                || 'closed on ' || e.last_closed_on
        WHEN NOT list_contains(e.now_codes, k.candidate_code) THEN 'then ' || array_to_string(e.now_codes, ', ')
    END AS outcome
FROM kept AS k
JOIN ends AS e ON e.old_code = k.old_code AND e.candidate_code = k.candidate_code
CROSS JOIN limits AS w
