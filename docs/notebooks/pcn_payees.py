"""Who is paid for each PCN on a day, and which practices were its members."""

import marimo

app = marimo.App(app_title="PCN payees on a day")


@app.cell
def _():
    import os
    from datetime import date
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo

    ods = duckdb.connect(str(Path(os.environ.get("ODS_DATA_ROOT", "data")) / "ods.duckdb"), read_only=True)
    day = date(2026, 3, 31)
    return alt, day, mo, ods


@app.cell
def _(day, mo, ods):
    # valid_to is the first day on which a row no longer holds.
    payees = ods.sql(
        """
        SELECT
            pcn_code, pcn_name, nominated_payee_code, nominated_payee_name,
            count(DISTINCT practice_code) AS practices, bool_or(is_ambiguous) AS is_ambiguous
        FROM marts.pcn_membership
        WHERE valid_from <= $day AND coalesce(valid_to > $day, true)
        GROUP BY ALL ORDER BY pcn_code, nominated_payee_code
        """,
        params={"day": day},
    ).pl()
    print(f"{payees['pcn_code'].n_unique()} PCNs on {day}.")
    print(payees)
    mo.vstack([
        mo.md(
            f"# PCN payees on {day}\n\nThe payee is read from the register's own link (RE9). It need not be a member: a trust or "
            "a federation may be paid. Where `is_ambiguous` is true a practice had two open links, and the later start counts."
        ),
        payees,
    ])  # fmt: skip
    return (payees,)


@app.cell
def _(day, mo, ods):
    changed = ods.sql(
        """
        SELECT old.pcn_code, old.nominated_payee_code AS payee_on_the_day, new.nominated_payee_code AS payee_today
        FROM marts.pcn_membership AS old JOIN marts.pcn_membership AS new USING (pcn_code)
        WHERE old.valid_from <= $day AND coalesce(old.valid_to > $day, true)
            AND new.valid_from <= ods_today() AND coalesce(new.valid_to > ods_today(), true)
            AND old.nominated_payee_code IS DISTINCT FROM new.nominated_payee_code
        GROUP BY ALL ORDER BY ALL
        """,
        params={"day": day},
    ).pl()
    print(f"{changed['pcn_code'].n_unique()} PCNs have another payee today.")
    mo.vstack([mo.md("## PCNs whose payee is another one today"), changed])
    return


@app.cell
def _(alt, payees):
    chart = (
        alt.Chart(payees)
        .mark_bar(color="#0b5f6b")
        .encode(
            x=alt.X("practices:Q", title="member practices"), y=alt.Y("pcn_name:N", sort="-x", title=None)
        )
        .properties(title="Size of the PCNs")
    )
    chart  # noqa: B018 - a notebook shows the last value of a cell
    return


if __name__ == "__main__":
    app.run()
