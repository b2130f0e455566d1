-- ods_as_of(day): the organisations that existed in the world on a day, by their operational dates, as the register
-- has them today: every column of ord.organisations, openness and legally_open. legally_open is false before the legal
-- start and after the legal end, where ODS gives them. openness is that of the day: an organisation whose end is known
-- now is closing on every day before it. holds_from and holds_to decide which date replaces one that ODS does not give.
CREATE MACRO ods_as_of(on_day) AS TABLE
    SELECT
        d.ods_code,
        d.name,
        d.openness,
        coalesce(d.legal_start <= on_day::DATE, true) AND coalesce(d.legal_end >= on_day::DATE, true) AS legally_open,
        d.* EXCLUDE (ods_code, name, openness)
    FROM (
        SELECT
            *,
            openness_of(
                status, operational_start, legal_start, operational_end, legal_end, last_change_date, on_day::DATE
            ) AS openness
        FROM ord.organisations
    ) AS d
    WHERE d.openness IN ('open', 'closing', 'legally_closed')
    ORDER BY d.ods_code;
