-- The days for which a dated thing (a body, a role, a relationship) holds, half-open: from the first day on
-- which it holds to the first on which it no longer does. Operational dates decide; legal ones stand in where
-- there is no operational start. Null = unknown start, or no end known.
CREATE MACRO holds_from(operational_start, legal_start) AS coalesce(operational_start, legal_start);

-- Inactive without an end: it ended at the latest when its record was last changed, and that day is taken.
CREATE MACRO holds_to(status, operational_start, operational_end, legal_end, last_change_date) AS
    CASE
        WHEN operational_end IS NOT NULL THEN operational_end + 1
        WHEN (operational_start IS NULL OR status = 'Inactive') AND legal_end IS NOT NULL THEN legal_end + 1
        WHEN status = 'Inactive' THEN last_change_date
    END;
