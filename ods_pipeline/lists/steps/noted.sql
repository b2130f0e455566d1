-- The rows that people read: what was found of each line, as one sentence. The order of its parts is that of
-- importance.
-- In: judged, $kind. Out: the columns of judge(), and part (of the line).

SELECT
    line,
    part,
    given,
    code,
    verdict,
    name,
    kind,
    openness,
    closed_on,
    replaced_by,
    candidate_codes,
    meant_code,
    meant_name,
    likely_codes,
    CASE WHEN first_line < line THEN first_line END AS repeats_line,
    nullif(concat_ws(
        '; ',
        CASE
            WHEN is_in_text THEN 'More than a code'
            WHEN verdict = 'not_an_entry' THEN 'A header, a total, a note or a ruler, not an entry of the list'
            WHEN verdict = 'blank' AND given ~ '\S' THEN 'No code: the text here means that there is none'
            WHEN
                verdict IN ('blank', 'not_held', 'no_code', 'default_code', 'other_system')
                THEN why_not_held(form, (SELECT coalesce(max(as_of), ods_today()) FROM ord.captures))
            WHEN openness = 'deleted' THEN 'Deleted from the register on ' || closed_on
            WHEN openness <> 'open' OR in_law_from IS NOT NULL THEN words
        END,
        lower(doubt_words[1]) || doubt_words[2:],
        CASE WHEN form = 'default' THEN 'as a default code: ' || default_meaning(code) END,
        CASE WHEN verdict = 'other_system' THEN lower(area_words[1]) || area_words[2:] END,
        succession_words,
        CASE WHEN is_archived THEN 'archived' END,
        CASE
            WHEN len(replaced_by) > 0 THEN ends_words
            WHEN ahead_words IS NOT NULL THEN NULL
            WHEN
                len(candidate_codes) > 0
                THEN 'ODS records no successor; perhaps ' || array_to_string(candidate_codes, ', ')
            WHEN openness IN ('legally_closed', 'closed', 'deleted') THEN 'ODS records no successor'
        END,
        ahead_words,
        CASE
            WHEN verdict = 'wrong_kind' THEN 'of kind ' || kind || ' and not ' || $kind
                || coalesce(
                    ', probably ' || meant_code || ' (' || meant_name || coalesce(', closed on ' || meant_closed_on, '')
                    || ') is meant', ''
                )
        END,
        CASE WHEN len(likely_codes) > 0 THEN 'perhaps ' || array_to_string(likely_codes, ' or ') END,
        -- What is not a code is not read as one.
        CASE
            WHEN
                code <> given AND NOT is_in_text
                AND (openness IS NOT NULL OR form IN ('code', 'since_2020', 'short', 'default', 'statistical'))
                THEN 'read as ' || code
        END,
        CASE WHEN first_line < line THEN 'the same as line ' || first_line END
    ), '') AS note,
    verdict = 'not_an_entry'
    OR verdict = 'good'
    AND (
        openness <> 'open' OR in_law_from IS NOT NULL OR succession_words IS NOT NULL OR doubt_words IS NOT NULL
    ) AS is_notable
FROM judged
