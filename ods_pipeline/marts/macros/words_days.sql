-- Days on which dated things (organisations, roles, relationships, rows of marts) hold.

-- The first day after an end, which is inclusive. Some registers write 9999-12-31 for "no end". The day after it is
-- null, because neither Python nor a spreadsheet nor a dashboard can read it.
CREATE MACRO day_after(last_day) AS CASE WHEN last_day < DATE '9999-12-31' THEN last_day + 1 END;

-- Whether a half-open interval holds on a day: from valid_from on, to the day before valid_to. A null valid_to is no
-- end known. Without valid_from it never holds.
CREATE MACRO holds_on(valid_from, valid_to, day) AS valid_from <= day AND coalesce(valid_to > day, true);

-- The half-open interval of a dated thing: from the first day on which it holds, to the first on which it no longer
-- does. Operational dates decide; legal dates count where there is no operational start. Null means that the
-- start is unknown, or that no end is known.
CREATE MACRO holds_from(operational_start, legal_start) AS coalesce(operational_start, legal_start);

-- Inactive without an end: it ended at the latest when its record was last changed, so that day counts as its end.
CREATE MACRO holds_to(status, operational_start, operational_end, legal_end, last_change_date) AS
CASE
    WHEN operational_end IS NOT NULL THEN day_after(operational_end)
    WHEN (operational_start IS NULL OR status = 'Inactive') AND legal_end IS NOT NULL THEN day_after(legal_end)
    WHEN status = 'Inactive' THEN last_change_date
END;
