-- Who may have succeeded a closed organisation of which ODS records no successor. Candidates are of the same kind,
-- began within half a year of its last day, and are at the same UPRN, or at the same postcode with a like name. The
-- score adds up place (0.6 for the UPRN, else 0.4), name (up to 0.25) and dates (up to 0.15). Successions that ODS
-- records are in succession_edges; no row here is one.

WITH window_of AS (
    SELECT
        183 AS days,
        0.85 AS like_name
),

organisations AS (
    SELECT
        s.ods_code,
        s.name,
        s.kind,
        s.openness,
        s.opens_on,
        s.closes_on,
        o.uprn,
        nullif(replace(o.postcode, ' ', ''), '') AS postcode
    FROM marts.organisation_status AS s
    JOIN ord.organisations AS o ON o.ods_code = s.ods_code
    WHERE s.kind <> 'other'
),

gone AS (
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
        b.ods_code AS candidate_code
    FROM gone AS g
    JOIN born AS b ON b.uprn = g.uprn AND b.kind = g.kind
    UNION
    SELECT
        g.ods_code,
        b.ods_code
    FROM gone AS g
    JOIN born AS b ON b.postcode = g.postcode AND b.kind = g.kind
),

-- Words that many organisations of a kind have in their names do not make two names alike.
words AS (
    SELECT
        s.ods_code,
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
        b.opens_on - (g.closes_on + 1) AS days_between,
        coalesce(g.uprn = b.uprn, false) AS same_uprn,
        coalesce(g.postcode = b.postcode, false) AS same_postcode,
        round(greatest(
            jaro_winkler_similarity(g.name, b.name),
            CASE WHEN gw.own_words <> '' AND bw.own_words <> ''
                    THEN jaro_winkler_similarity(gw.own_words, bw.own_words)
            END
        ), 3) AS name_likeness
    FROM pairs AS p
    JOIN gone AS g ON g.ods_code = p.old_code
    JOIN born AS b ON b.ods_code = p.candidate_code
    JOIN words AS gw ON gw.ods_code = p.old_code
    JOIN words AS bw ON bw.ods_code = p.candidate_code
    WHERE p.old_code <> p.candidate_code
)

SELECT
    l.*,
    round(
        CASE WHEN same_uprn THEN 0.6 ELSE 0.4 END + 0.25 * name_likeness + 0.15 * (1 - abs(days_between) / w.days), 3
    ) AS score,
    CASE WHEN same_uprn THEN 'Same UPRN' ELSE 'Same postcode' END
    || CASE
        WHEN old_name = candidate_name THEN ', same name'
        WHEN name_likeness >= w.like_name THEN ', like name'
        ELSE ', other name'
    END
    || CASE
        WHEN days_between = 0 THEN ', opened the day after'
        WHEN days_between > 0 THEN ', opened ' || days_between || ' days after'
        ELSE ', opened ' || -days_between || ' days before the end'
    END AS reason
FROM likened AS l, window_of AS w
WHERE abs(days_between) <= w.days AND (same_uprn OR name_likeness >= w.like_name)
