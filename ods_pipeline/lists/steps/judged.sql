-- The verdict on each line of the list, with everything that its note is made of.
-- In: listed, codes, held, successions, meant, likely, in_text, areas (of GSS codes), doubts (deletions that nothing
-- has confirmed), $day, $kind. Out: a row for each line and part.

SELECT
    a.line,
    a.part,
    a.given,
    a.code,
    h.name,
    h.kind,
    h.openness,
    CASE
        WHEN h.openness = 'legally_closed' THEN h.legal_end
        WHEN h.openness = 'closing' THEN least(h.legal_end, h.operational_end)
        WHEN h.openness = 'closed' AND h.legal_end < $day THEN h.legal_end
        WHEN h.openness = 'closed' THEN h.operational_end
        WHEN h.openness = 'deleted' THEN h.closed_today
    END AS closed_on,
    -- An open organisation whose successor has begun is a contradiction of the register: it is in the note.
    CASE
        WHEN h.openness IN ('legally_closed', 'closed', 'deleted') OR s.succeeded_from <= $day
            THEN coalesce(s.replaced_by, [])
        ELSE []
    END AS replaced_by,
    CASE WHEN h.openness IN ('legally_closed', 'closed', 'deleted') THEN h.candidate_codes ELSE [] END
        AS candidate_codes,
    CASE WHEN h.kind <> $kind THEN m.meant_code END AS meant_code,
    CASE WHEN h.kind <> $kind THEN m.meant_name END AS meant_name,
    m.meant_closed_on,
    coalesce(l.codes, t.codes, []) AS likely_codes,
    l.codes IS NULL AND t.codes IS NOT NULL AS is_in_text,
    g.words AS area_words,
    -- A contradiction names the immediate successors: the ends are worth a word if they are others, or closed too.
    CASE
        WHEN
            h.openness IN ('legally_closed', 'closed', 'deleted')
            OR s.ends_words <> ends_in_words(array_to_string(s.next_codes, ', '), NULL)
            THEN s.ends_words
    END AS ends_words,
    d.words AS doubt_words,
    proposed_until(h.openness, h.legal_start, h.operational_start, $day) AS in_law_from,
    openness_in_words(
        h.openness, h.legal_start, h.legal_end, h.operational_start, h.operational_end, $day
    ) AS words,
    CASE
        WHEN h.openness IN ('not_yet_open', 'open', 'closing')
            THEN successors_in_words(h.openness, s.next_codes, s.succeeded_from, $day)
    END AS succession_words,
    CASE WHEN h.openness IN ('legally_closed', 'closed', 'deleted') THEN s.ahead_words END AS ahead_words,
    h.is_archived,
    coalesce(c.form, 'blank') AS form,
    CASE
        WHEN NOT a.is_entry THEN 'not_an_entry'
        WHEN a.code IS NULL THEN 'blank'
        WHEN h.code IS NULL AND c.form = 'default' THEN 'default_code'
        WHEN h.code IS NULL AND c.form = 'statistical' THEN 'other_system'
        WHEN h.code IS NULL AND c.form IN ('code', 'since_2020', 'number', 'scientific', 'date', 'short')
            THEN 'not_held'
        WHEN h.code IS NULL THEN 'no_code'
        WHEN h.openness = 'deleted' THEN 'deleted'
        WHEN h.kind <> $kind THEN 'wrong_kind'
        WHEN h.openness IN ('closed', 'legally_closed', 'not_yet_open') THEN h.openness
        ELSE 'good'
    END AS verdict,
    CASE WHEN a.code IS NOT NULL THEN min(a.line) OVER (PARTITION BY a.code) END AS first_line
FROM listed AS a
LEFT JOIN codes AS c ON c.code = a.code
LEFT JOIN held AS h ON h.code = a.code
LEFT JOIN successions AS s ON s.code = a.code
LEFT JOIN meant AS m ON m.code = a.code
LEFT JOIN likely AS l ON l.code = a.code
LEFT JOIN in_text AS t ON t.code = a.code
LEFT JOIN areas AS g ON g.gss_code = a.code
LEFT JOIN doubts AS d ON d.ods_code = h.code
