-- The first day after an end, which is inclusive. After 9999-12-31, which some registers write for "no end", there
-- is no day that Python, a spreadsheet or a dashboard could read: null.
CREATE MACRO day_after(last_day) AS CASE WHEN last_day < DATE '9999-12-31' THEN last_day + 1 END;

-- The days for which a dated thing (a body, a role, a relationship) holds, half-open: from the first day on
-- which it holds to the first on which it no longer does. Operational dates decide; legal ones stand in where
-- there is no operational start. Null = unknown start, or no end known.
CREATE MACRO holds_from(operational_start, legal_start) AS coalesce(operational_start, legal_start);

-- Inactive without an end: it ended at the latest when its record was last changed, and that day is taken.
CREATE MACRO holds_to(status, operational_start, operational_end, legal_end, last_change_date) AS
    CASE
        WHEN operational_end IS NOT NULL THEN day_after(operational_end)
        WHEN (operational_start IS NULL OR status = 'Inactive') AND legal_end IS NOT NULL THEN day_after(legal_end)
        WHEN status = 'Inactive' THEN last_change_date
    END;
