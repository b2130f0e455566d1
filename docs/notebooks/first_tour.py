"""A first tour: what is in the register, what changed, and a chart."""

import marimo

app = marimo.App(app_title="A first tour")


@app.cell
def _():
    import os
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo
    import polars as pl

    root = Path(os.environ.get("ODS_DATA_ROOT", "data"))
    return alt, duckdb, mo, pl, root


@app.cell
def _(mo):
    mo.md("""
    # A first tour

    The published set is one DuckDB file, and a Parquet file for each table. This notebook reads both, as a dashboard would.
    Set `ODS_DATA_ROOT` if your data root is not `data`.
    """)
    return


@app.cell
def _(duckdb, root):
    # Read-only, so that a build is never blocked.
    ods = duckdb.connect(str(root / "ods.duckdb"), read_only=True)
    ((today,),) = ods.sql("SELECT ods_today()").fetchall()
    return ods, today


@app.cell
def _(mo, ods, today):
    kinds = ods.sql("""
        SELECT kind, count(*) AS codes, count(*) FILTER (openness IN ('open', 'closing')) AS open
        FROM marts.organisation_status GROUP BY kind ORDER BY open DESC, kind
    """).pl()
    print(f"As of {today}: {kinds['codes'].sum():,} codes, {kinds['open'].sum():,} of them open.")
    mo.vstack([mo.md(f"## The register as of {today}"), kinds])
    return (kinds,)


@app.cell
def _(alt, kinds):
    chart = (
        alt.Chart(kinds.head(12))
        .mark_bar(color="#0b5f6b")
        .encode(
            x=alt.X("open:Q", title="open organisations"),
            y=alt.Y("kind:N", sort="-x", title=None),
        )
        .properties(title="The largest kinds")
    )
    chart  # noqa: B018 - a notebook shows the last value of a cell
    return


@app.cell
def _(mo, ods):
    found = ods.sql("SELECT ods_code, name, openness, replaced_by FROM ods_find('RRP')").pl()
    print(found)
    mo.vstack([mo.md("## Look a code up: closed ones name what replaced them"), found])
    return


@app.cell
def _(mo, pl, root):
    # The same tables as files, without DuckDB.
    changes = pl.read_parquet((root / "marts" / "code_changes.parquet").resolve())
    by_kind = (
        changes.group_by("change_kind").len("events").sort("events", "change_kind", descending=[True, False])
    )
    print(by_kind)
    mo.vstack([mo.md("## What changed since the first release held"), by_kind])
    return


if __name__ == "__main__":
    app.run()
