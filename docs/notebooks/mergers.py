"""A time series across mergers: old codes in your data, today's organisations in the chart."""

import marimo

app = marimo.App(app_title="A time series across mergers")


@app.cell
def _():
    import os
    from datetime import date
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo
    import polars as pl

    ods = duckdb.connect(str(Path(os.environ.get("ODS_DATA_ROOT", "data")) / "ods.duckdb"), read_only=True)
    return alt, date, mo, ods, pl


@app.cell
def _(mo):
    mo.md("""
    # A time series across mergers

    Published figures carry the codes of their time. `marts.code_crosswalk` leads each of them to the codes it ended in.
    Every code has a row of its own with `hops = 0`, so a join never loses one.
    """)
    return


@app.cell
def _(date, pl):
    # Made up: a count for each ICB in each month, as a publication of that month would state it.
    before = ["QMJ", "QRV", "QH8", "QM7", "QRL"]
    after = ["Z9B2Z", "D7T5G", "QRL"]
    months = [date(2026, month, 1) for month in range(1, 8)]
    rows = [
        (month, code, 100 + 10 * place)
        for month in months
        for place, code in enumerate(before if month < date(2026, 4, 1) else after)
    ]
    published = pl.DataFrame(rows, schema=["month", "icb_code", "patients"], orient="row")
    return (published,)


@app.cell
def _(mo, ods, published):
    # A code that was split has several terminal codes. To share its figure out takes weights that the register
    # does not have, so such figures are kept apart and named, not divided.
    joined = ods.sql("""
        WITH ends AS (
            SELECT old_code, CASE WHEN count(*) = 1 THEN any_value(new_code) END AS new_code
            FROM marts.code_crosswalk WHERE is_terminal GROUP BY old_code
        )
        SELECT
            p.month,
            coalesce(e.new_code, 'split: ' || p.icb_code) AS today_code,
            s.name AS today_name,
            list(DISTINCT p.icb_code ORDER BY p.icb_code) AS published_as,
            sum(p.patients)::BIGINT AS patients
        FROM published AS p
        LEFT JOIN ends AS e ON e.old_code = p.icb_code
        LEFT JOIN marts.organisation_status AS s ON s.ods_code = e.new_code
        GROUP BY ALL ORDER BY p.month, today_code
    """).pl()
    lost = published["patients"].sum() - joined["patients"].sum()
    assert lost == 0, "a join with the crosswalk never loses a figure, and never counts one twice"
    print(joined)
    print(
        f"Published: {published['patients'].sum():,}; after the join: {joined['patients'].sum():,}; lost: {lost:,}."
    )
    mo.vstack([mo.md("## One line for each organisation of today"), joined])
    return (joined,)


@app.cell
def _(alt, joined):
    chart = (
        alt.Chart(joined)
        .mark_line(point=True)
        .encode(x="month:T", y="patients:Q", color=alt.Color("today_code:N", title="ICB today"))
        .properties(title="No step on 1 April 2026 where a code changed")
    )
    chart  # noqa: B018 - a notebook shows the last value of a cell
    return


if __name__ == "__main__":
    app.run()
