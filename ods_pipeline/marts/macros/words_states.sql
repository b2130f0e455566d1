-- The state of an organisation in words. Tables, find, show and check all take them from here.

-- The legal start of an organisation that is proposed on a day, in ODS's word: it operates, or is announced to, before
-- it is one in law. Null for all others.
CREATE MACRO proposed_until(openness, legal_start, operational_start, day) AS
CASE WHEN openness IN ('not_yet_open', 'open', 'closing') AND legal_start > greatest(day, operational_start)
        THEN legal_start
END;

-- Successors that have not begun, in words. what is a text: the codes, each with its day where it has one.
CREATE MACRO to_be_succeeded_in_words(what) AS 'to be succeeded by ' || what;

-- Who succeeded an organisation, in words. codes are its recorded successors and since the first day of the first of
-- them, or null if ODS gives none. A successor that has not begun has not taken over yet, even from one that is closed.
-- A successor that has begun while the organisation has no end, or a later one, is a contradiction of the register: it
-- is reported, and neither side is taken to be right.
CREATE MACRO successors_in_words(openness, codes, since, day) AS
CASE
    WHEN len(codes) > 0 AND since > day THEN to_be_succeeded_in_words(array_to_string(codes, ', ') || ' from ' || since)
    WHEN len(codes) > 0 AND openness IN ('legally_closed', 'closed', 'deleted')
        THEN 'succeeded by ' || array_to_string(codes, ', ')
    WHEN len(codes) > 0 AND since <= day
        THEN 'a contradiction: succeeded by ' || array_to_string(codes, ', ') || ' from ' || since
            || CASE WHEN openness = 'closing' THEN ', before it closes' ELSE ', but ODS gives it no end' END
    WHEN len(codes) > 0 THEN to_be_succeeded_in_words(array_to_string(codes, ', '))
    WHEN openness IN ('legally_closed', 'closed', 'deleted') THEN 'ODS records no successor'
END;

-- The openness of a day in words, from the dates of the organisation. What ODS calls proposed is in operation before
-- its legal start. Who succeeded it is in successors_in_words.
CREATE MACRO openness_in_words(openness, legal_start, legal_end, operational_start, operational_end, day) AS
CASE openness
    WHEN 'not_yet_open' THEN 'Opens on ' || holds_from(operational_start, legal_start)
    WHEN 'open'
        THEN coalesce(
                'Open since ' || nullif(holds_from(operational_start, legal_start), DATE '1900-01-01'), 'Open'
            )
    -- Which of the two ends comes first makes a difference: on the day after it, it is closed, or closed in law only.
    WHEN 'closing'
        THEN CASE
                -- Inactive, but its record was stamped after the day.
                WHEN operational_end IS NULL AND legal_end IS NULL
                    THEN 'Open; closed since (Inactive), but ODS gives no end date'
                WHEN operational_end IS NULL OR legal_end < operational_end
                    THEN 'Open; closes in law after ' || legal_end
                        || coalesce(', in operation until ' || operational_end, '')
                ELSE 'Open; closes after ' || operational_end
            END
    WHEN 'legally_closed'
        THEN 'Closed in law on ' || legal_end
            || coalesce(', in operation until ' || operational_end, ', still in operation')
    WHEN 'closed' THEN coalesce(
            'Closed on ' || coalesce(CASE WHEN legal_end < day THEN legal_end END, operational_end),
            'Closed (Inactive); ODS gives no end date'
        )
END
|| coalesce('; proposed: in law from ' || proposed_until(openness, legal_start, operational_start, day), '');

-- The codes that took the place of a closed one: those in use, then those that have closed since. Both are texts, or
-- null.
CREATE MACRO ends_in_words(in_use, closed) AS nullif(concat_ws(', ', 'now ' || in_use, 'then ' || closed), '');
