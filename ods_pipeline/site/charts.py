"""Charts as SVG text that needs no script: Vega-Lite describes them, vl-convert draws them.

Lives here: the few forms of chart that the report uses, and their colours. Does not live here: the figures
(``content.py``). A chart never holds what its table does not: it is a picture of the rows below it.
"""

import json
import math
import re
from typing import Any

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.site.words import kind_name

INSTALL = "Install the extra: pip install 'ods_pipeline[site]'"
# The drawing program needs fixed colours; these become the colours of the page, light or dark.
_COLOURS = {
    "#111213": "var(--ink)",
    "#515253": "var(--muted)",
    "#d1d2d3": "var(--line)",
    "#010203": "var(--accent)",
    "#a1a2a3": "var(--second)",
}
INK, MUTED, LINE, ACCENT, SECOND = _COLOURS
# Groups on a map: a shape each, and only colours with a contrast of 3 to 1 against their page.
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross"]
_DOTS = [ACCENT, MUTED, INK, ACCENT, MUTED]
_MEASURED_WITH = "Roboto"  # comes with vl-convert, so widths do not depend on the fonts of a machine
_WIDTH = 560
_FEWEST_BARS, _MOST_BARS, _MOST_PANELS, _MOST_SQUARES = 4, 24, 12, 250
_CROWDED = 400
Spec = dict[str, Any]


def bars(label: str, number: str) -> Any:
    """Return a chart of one horizontal bar per row, in the order of the rows; the first 24 of them."""

    def draw(rows: pl.DataFrame) -> Spec | None:
        shown = rows.filter(pl.col(number) > 0).head(_MOST_BARS)
        if shown.height < _FEWEST_BARS:
            return None
        named = pl.col(label).fill_null("none").map_elements(kind_name, return_dtype=pl.String)
        data = shown.select(label=named, number=number, place=pl.int_range(pl.len()))
        return {
            "data": {"values": data.to_dicts()},
            "width": _WIDTH - 200,
            "height": {"step": 20},
            "encoding": {
                "y": {
                    "field": "label", "type": "nominal", "sort": {"field": "place"}, "title": None,
                    "axis": {"labelLimit": 190, "ticks": False, "domain": False, "labelPadding": 8},
                },
                "x": {"field": "number", "type": "quantitative", "axis": None},
            },
            "layer": [
                {"mark": {"type": "bar", "color": ACCENT, "height": 12}},
                {
                    "mark": {"type": "text", "align": "left", "dx": 5, "color": MUTED},
                    "encoding": {"text": {"field": "number", "type": "quantitative", "format": ",d"}},
                },
            ],
        }  # fmt: skip

    return draw


def opened_and_closed(period: str) -> Any:
    """Return a chart of what opened (upwards) and closed (downwards) in each ``year`` or ``month``."""

    def draw(rows: pl.DataFrame) -> Spec | None:
        if rows.height < _FEWEST_BARS:
            return None
        when = pl.col(period).cast(pl.String)
        axis = {"labelAngle": -60, "grid": False, "title": None}
        x: Spec = {"type": "ordinal", "axis": axis}
        if period == "month":
            months = {**axis, "format": "%b %Y", "tickCount": "month"}
            x = {"type": "temporal", "scale": {"type": "utc"}, "axis": months}
        data = pl.concat(
            [
                rows.select(when=when, number=pl.col("opened"), what=pl.lit("opened")),
                rows.select(when=when, number=-pl.col("closed"), what=pl.lit("closed")),
            ]
        )
        return {
            "data": {"values": data.to_dicts()},
            "width": _WIDTH - 60,
            "height": 160,
            "mark": {"type": "bar", "width": 14},
            "encoding": {
                "x": {"field": "when", **x},
                "y": {
                    "field": "number", "type": "quantitative", "title": None,
                    "axis": {"format": ",d", "labelExpr": "format(abs(datum.value), ',')",
                        "tickCount": 5, "tickMinStep": 1},
                },
                "color": {
                    "field": "what", "type": "nominal", "title": None,
                    "scale": {"domain": ["opened", "closed"], "range": [ACCENT, SECOND]},
                    "legend": {"orient": "top"},
                },
            },
        }  # fmt: skip

    return draw


def dots(group: str) -> Any:
    """Return a map of one dot per row at ``easting`` and ``northing`` (metres), coloured by ``group``.

    North is up, and a kilometre is as long from east to west as from south to north. Dots of one group that
    would lie on each other are one: those of a square of 1/250 of the picture. The group with the fewest
    dots is drawn last.
    """

    def draw(rows: pl.DataFrame) -> Spec | None:
        longest = max(_extent(rows))
        # A dot has a diameter of four points of 560.
        side = max(100, math.ceil(longest / _MOST_SQUARES / 100) * 100)
        square = [
            (pl.col(c) / side).round().cast(pl.Int64).mul(side).alias(c) for c in ("easting", "northing")
        ]
        named = pl.col(group).cast(pl.String).map_elements(_group_name, return_dtype=pl.String)
        places = rows.select(*square, group=named).unique()
        if places.height < _FEWEST_BARS:
            return None
        sizes = places.group_by("group").len().sort("len", "group", descending=[True, False])
        groups = sizes["group"].to_list()
        width, height = (max(extent, side) for extent in _extent(places))
        longest = max(width, height)
        in_order = places.join(sizes, on="group").sort(
            "len", "group", "easting", "northing", descending=[True, False, False, False]
        )
        axis = {"type": "quantitative", "axis": None, "scale": {"zero": False, "nice": False}}
        two = len(groups) == 2
        colours = [MUTED, ACCENT] if two else _DOTS[: len(groups)]
        forms = ["circle"] * 2 if two else _SHAPES[: len(groups)]
        scale = {"domain": groups, "range": colours}
        return {
            "data": {"values": in_order.select("easting", "northing", "group").to_dicts()},
            "width": round(_WIDTH * width / longest),
            "height": round(_WIDTH * height / longest),
            "mark": {
                "type": "point", "filled": True, "opacity": 0.8,
                "size": 14 if places.height > _CROWDED else 36,
            },
            "encoding": {
                "x": {"field": "easting", **axis},
                "y": {"field": "northing", **axis},
                "color": {
                    "field": "group", "type": "nominal", "title": None, "scale": scale,
                    "legend": {"orient": "top", "columns": 3},
                },
                "shape": {
                    "field": "group", "type": "nominal", "scale": {"domain": groups, "range": forms},
                },
            },
        }  # fmt: skip

    return draw


def _extent(rows: pl.DataFrame) -> tuple[int, int]:
    """Return the metres from the westernmost row to the easternmost, and from the southernmost up."""
    east, north = rows["easting"], rows["northing"]
    if rows.is_empty():
        return 0, 0
    return int(east.max() - east.min()), int(north.max() - north.min())  # ty: ignore


def _group_name(value: str) -> str:
    return {"true": "changes its ICB", "false": "keeps its ICB"}.get(value) or kind_name(value)


def lines_by_kind(rows: pl.DataFrame) -> Spec | None:
    """Return small charts, one per kind: how many were open in each ``year``; the twelve largest kinds."""
    newest = rows.filter(pl.col("year") == pl.col("year").max()).sort(
        "open", "kind", descending=[True, False]
    )
    kinds = newest.head(_MOST_PANELS)["kind"].to_list()
    if not kinds or rows["year"].n_unique() < 2:
        return None
    shown = rows.filter(pl.col("kind").is_in(kinds))
    named = pl.col("kind").map_elements(kind_name, return_dtype=pl.String)
    data = shown.select(kind=named, year=pl.col("year").cast(pl.String), open="open")
    return {
        "data": {"values": data.to_dicts()},
        "columns": 3,
        "facet": {
            "field": "kind", "type": "nominal", "title": None, "sort": [kind_name(kind) for kind in kinds],
            "header": {"labelFontSize": 12, "labelColor": INK, "labelAnchor": "start", "labelPadding": 4},
        },
        "spec": {
            "width": 135,
            "height": 70,
            "mark": {"type": "line", "color": ACCENT, "strokeWidth": 2},
            "encoding": {
                "x": {
                    "field": "year", "type": "temporal", "title": None,
                    "axis": {"format": "%Y", "tickCount": 3, "grid": False},
                },
                "y": {
                    "field": "open", "type": "quantitative", "title": None,
                    "axis": {"tickCount": 3, "format": "~s"},
                },
            },
        },
        "resolve": {"scale": {"y": "independent"}},
    }  # fmt: skip


_FORMS: dict[str, Any] = {"bars": bars, "dots": dots, "opened_and_closed": opened_and_closed}


def chart_named(name: str) -> Any:
    """Return a chart by its form and columns, e.g. ``bars kind open``; None for an empty name."""
    form, *columns = name.split() or [""]
    if not form:
        return None
    return _FORMS[form](*columns) if columns else {"lines_by_kind": lines_by_kind}[form]


def as_svg(spec: Spec, name: str, label: str) -> str:
    """Return a chart as SVG text for use inside a page.

    Args:
        spec: The chart, in Vega-Lite's terms.
        name: The name of the figure; it keeps the ids of several charts on a page apart.
        label: What a screen reader reads; the table below the chart holds the numbers.

    Raises:
        OdsError: The extra ``site`` is not installed.
    """
    try:
        import vl_convert  # noqa: PLC0415 - an extra, read only when a site is built
    except ImportError as error:
        raise OdsError(f"charts need {error.name}, which is not installed", do=INSTALL) from error
    config = {
        "font": _MEASURED_WITH,
        "background": None,
        "aria": False,
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED, "titleColor": MUTED, "gridColor": LINE, "domainColor": LINE,
            "tickColor": LINE, "labelFontSize": 11,
        },
        "legend": {"labelColor": MUTED, "labelFontSize": 11},
        "text": {"fontSize": 11},
    }  # fmt: skip
    schema = "https://vega.github.io/schema/vega-lite/v6.json"  # names the version; nothing is fetched
    chart = json.dumps({"$schema": schema, **spec, "config": config})
    svg = str(vl_convert.vegalite_to_svg(chart, allowed_base_urls=[]))
    return _for_the_page(svg, name, label)


def _for_the_page(svg: str, name: str, label: str) -> str:
    for fixed, themed in _COLOURS.items():
        svg = svg.replace(f'"{fixed}"', f'"{themed}"')
    svg = svg.replace(f' font-family="{_MEASURED_WITH}"', "").replace(' aria-hidden="true"', "")
    svg = re.sub(r' (?:role="graphics-\w+"|aria-roledescription="[^"]*"|pointer-events="none")', "", svg)
    svg = re.sub(r"\bclip(\d+)\b", rf"{name}-clip\1", svg)
    head = f'<svg role="img" aria-label="{label}" class="chart"'
    return re.sub(r"<svg [^>]*?(?=width=)", head + " ", svg, count=1)
