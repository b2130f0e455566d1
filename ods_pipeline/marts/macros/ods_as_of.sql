-- ods_as_of(day): the organisations that existed in the world on a day, by their operational dates, as the register
-- has them today: every column of ord.organisations, openness and legally_open. legally_open is false before the legal
-- start and after the legal end, where ODS gives them. openness is that of the day: an organisation whose end is known
-- now is closing on every day before it. holds_from and holds_to decide which date replaces one that ODS does not give.
CREATE MACRO ods_as_of(on_day) AS TABLE
    SELECT
        d.ods_code,
        d.name,
        openness_on(d.status_of_days, d.legal_end, d.first_day, d.last_day, on_day::DATE) AS openness,
        coalesce(d.legal_start <= on_day::DATE, true) AND coalesce(d.legal_end >= on_day::DATE, true) AS legally_open,
        d.* EXCLUDE (ods_code, name, status_of_days, first_day, last_day)
    FROM (
        SELECT
            *,
            status_by_days(status, operational_start, legal_start, legal_end, last_change_date) AS status_of_days,
            holds_from(operational_start, legal_start) AS first_day,
            last_day_held(status, operational_start, legal_start, operational_end, legal_end, last_change_date)
                AS last_day
        FROM ord.organisations
    ) AS d
    WHERE openness_on(d.status_of_days, d.legal_end, d.first_day, d.last_day, on_day::DATE)
        IN ('open', 'closing', 'legally_closed')
    ORDER BY d.ods_code;
