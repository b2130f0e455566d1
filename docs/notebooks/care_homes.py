"""The care homes of a group: sites of one provider, open and closed, with what replaced a closed one."""

import marimo

app = marimo.App(app_title="The care homes of a group")


@app.cell
def _():
    import os
    from pathlib import Path

    import altair as alt
    import marimo as mo
    import polars as pl

    marts = (Path(os.environ.get("ODS_DATA_ROOT", "data")) / "marts").resolve()
    return alt, marts, mo, pl


@app.cell
def _(marts, mo, pl):
    sites = pl.read_parquet(marts / "social_care_sites.parquet")
    groups = (
        sites.filter(pl.col("hq_code").is_not_null())
        .group_by("hq_code", "hq_name")
        .agg(pl.len().alias("sites"), pl.col("openness").is_in(["open", "closing"]).sum().alias("open_sites"))
        .sort("open_sites", "hq_code", descending=[True, False])
    )
    print(groups.head(10))
    mo.vstack([mo.md("# The care homes of a group\n\nThe groups with the most open sites:"), groups.head(10)])
    return groups, sites


@app.cell
def _(groups):
    # Put the code of the group that you look for here.
    group = groups["hq_code"][0]
    return (group,)


@app.cell
def _(group, mo, pl, sites):
    homes = sites.filter(pl.col("hq_code") == group).select(
        "site_code", "site_name", "openness", "care_home", "domiciliary", "postcode", "opened_on", "closed_on",
        pl.col("replaced_by", "candidate_codes").list.join(" "),
    ).sort("openness", "site_code")  # fmt: skip
    print(homes)
    mo.vstack([
        mo.md(
            f"## Sites of {group}\n\nODS records no succession for care homes. `candidate_codes` are inferred from address "
            "and name (`marts.successor_candidates` has the reason): look at each before you use it."
        ),
        homes,
    ])  # fmt: skip
    return (homes,)


@app.cell
def _(alt, group, homes):
    chart = (
        alt.Chart(homes)
        .mark_bar(color="#0b5f6b")
        .encode(x=alt.X("count():Q", title="sites"), y=alt.Y("openness:N", title=None))
        .properties(title=f"Sites of {group}")
    )
    chart  # noqa: B018 - a notebook shows the last value of a cell
    return


if __name__ == "__main__":
    app.run()
