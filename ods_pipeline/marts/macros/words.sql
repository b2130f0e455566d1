-- Whether an organisation is open on a day. Active is not open: a record stays Active until all its date types have
-- ended, and an Inactive one may have no end at all. Ends are inclusive.
CREATE MACRO openness_on(status, legal_end, operational_start, operational_end, day) AS
CASE
    WHEN operational_start > day THEN 'not_yet_open'
    WHEN operational_end < day THEN 'closed'
    WHEN status = 'Inactive' AND operational_end IS NULL THEN 'closed'
    WHEN legal_end < day THEN 'legally_closed'
    WHEN operational_end >= day OR legal_end >= day THEN 'closing'
    ELSE 'open'
END;
