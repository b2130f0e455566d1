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

-- What the status means, given the days. ODS sets it when it stamps the record, and again on the day after a date has
-- passed. So Inactive means nothing for a thing that had not begun by then, in operation or in law. Nor does it end
-- what is past its legal end and has no operational one: that is published as Active and as Inactive, and operates.
CREATE MACRO status_by_days(status, operational_start, legal_start, legal_end, last_change_date) AS
CASE
    WHEN status = 'Inactive'
        AND (
            greatest(operational_start, legal_start) > last_change_date
            OR (operational_start IS NOT NULL AND legal_end < ods_today())
        )
        THEN 'Active'
    ELSE status
END;

-- The day after the end that ODS gives: the operational one, or the legal one where there is no operational start.
-- Null: it gives none.
CREATE MACRO stated_to(operational_start, operational_end, legal_end) AS
CASE
    WHEN operational_end IS NOT NULL THEN day_after(operational_end)
    WHEN operational_start IS NULL THEN day_after(legal_end)
END;

-- Inactive without an end, and nothing in its days explains it: it ended at the latest when its record was last
-- changed, so that day counts as its end. A record without a stamp ends today.
CREATE MACRO holds_to(status, operational_start, legal_start, operational_end, legal_end, last_change_date) AS
CASE
    WHEN operational_end IS NOT NULL OR (operational_start IS NULL AND legal_end IS NOT NULL)
        THEN stated_to(operational_start, operational_end, legal_end)
    WHEN status_by_days(status, operational_start, legal_start, legal_end, last_change_date) = 'Inactive'
        THEN least(coalesce(last_change_date, ods_today()), day_after(legal_end))
END;

-- The last day on which an organisation operates: the day before holds_to, which has none for 9999-12-31.
CREATE MACRO last_day_held(status, operational_start, legal_start, operational_end, legal_end, last_change_date) AS
CASE
    WHEN operational_end IS NOT NULL THEN operational_end
    WHEN operational_start IS NULL AND legal_end IS NOT NULL THEN legal_end
    WHEN status = 'Inactive'
        THEN holds_to(status, operational_start, legal_start, operational_end, legal_end, last_change_date) - 1
END;

-- The openness of an organisation on a day, by its record. Every mart, macro and command uses this one, so that they
-- agree on every day: an organisation that is Inactive without an end was open until it was stamped, and one with legal
-- dates alone is closed after the last of them. Status 'Active' is passed on, because last_day_held has already taken
-- into account what the status means.
CREATE MACRO openness_of(
    status, operational_start, legal_start, operational_end, legal_end, last_change_date, day
) AS
openness_on(
    'Active',
    legal_end,
    holds_from(operational_start, legal_start),
    last_day_held(status, operational_start, legal_start, operational_end, legal_end, last_change_date),
    day
);
