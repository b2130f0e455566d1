"""What the report contains: its pages, and which figures each has.

Lives here: the pages, their titles and what they are about. Does not live here: the figures' words
(``figures.yaml``) and statements (``queries/*.sql``), charts (``charts.py``), and how pages become files
(``build.py``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources

import duckdb
import yaml

from ods_pipeline.site.charts import chart_named
from ods_pipeline.site.figures import Figure, Value
from ods_pipeline.site.words import kind_name, slug

SECTIONS = (
    ("index.html", "Home"),
    ("lookup.html", "Look up"),
    ("areas.html", "Regions and ICBs"),
    ("kinds.html", "Kinds"),
    ("closed.html", "Closed codes"),
    ("days.html", "Reconfiguration"),
    ("odd.html", "What is odd"),
    ("feeds.html", "Feeds"),
    ("provenance.html", "Provenance"),
)


@dataclass(frozen=True)
class Page:
    """A page of figures.

    Attributes:
        path: Its file, relative to the site.
        title: Its heading.
        figures: What it shows; the name of a list in ``figures.yaml``.
        lead: What it is about, one paragraph per item.
        values: The parameters of its figures.
        feed: The name of its feed in ``feeds/``; empty if it has none. The last figure is then its changes.
        section: The entry of the navigation that it belongs to; empty if it is one itself.
    """

    path: str
    title: str
    figures: str
    lead: tuple[str, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    feed: str = ""
    section: str = ""


@cache
def figures_of(name: str) -> tuple[Figure, ...]:
    """Return the figures of a list in ``figures.yaml``, in order."""
    file = resources.files("ods_pipeline.site").joinpath("figures.yaml")
    listed = yaml.safe_load(file.read_text(encoding="utf-8"))[name]
    return tuple(Figure(**{**entry, "chart": chart_named(entry.get("chart", ""))}) for entry in listed)


def area_path(kind: str, code: str) -> str:
    """Return the page of an ICB or a region."""
    return f"{kind}/{slug(code)}.html"


def pages(connection: duckdb.DuckDBPyConnection) -> Iterator[Page]:
    """Yield every page of figures: one each for regions, ICBs, kinds and reconfiguration days held."""
    yield Page("index.html", "The NHS organisation register", "home", feed="all")
    yield Page("areas.html", "Regions and ICBs", "areas", ("Each region and ICB has a page and a feed.",))
    yield from _areas(connection)
    yield Page("days.html", "Reconfiguration days", "days")
    days = connection.sql("SELECT DISTINCT effective_on FROM marts.icb_changes ORDER BY 1 DESC")
    for (day,) in days.fetchall():
        yield _day(day)
    kinds = connection.sql("SELECT DISTINCT kind FROM marts.organisation_status ORDER BY 1").fetchall()
    for (kind,) in kinds:
        name = f"kind-{kind}"
        yield Page(f"kind/{kind}.html", kind_name(kind), "kind", (), {"kind": kind}, name, "kinds.html")
    yield Page("closed.html", "Closed codes", "closed")
    odd = "What the register states, and where it bites. None of it is changed in the tables."
    yield Page("odd.html", "What is odd", "odd", (odd,))


def _day(day: date) -> Page:
    lead = ("ICBs before and after this day.",)
    path, title = f"day/{day.isoformat()}.html", f"{day.day} {day:%B %Y}"
    return Page(path, title, "day", lead, {"day": day}, section="days.html")


def _areas(connection: duckdb.DuckDBPyConnection) -> Iterator[Page]:
    """Yield a page for each region and each ICB, closed ones too, in order of code."""
    areas = connection.sql(
        """
        SELECT s.kind, s.ods_code, s.name, s.explanation, r.ods_code AS region_code, r.name AS region_name
        FROM marts.organisation_status AS s
        LEFT JOIN marts.organisation_parents AS p ON p.ods_code = s.ods_code
        LEFT JOIN marts.organisation_status AS r ON r.ods_code = p.region_code AND s.kind = 'icb'
        WHERE s.kind IN ('icb', 'region')
        ORDER BY s.kind, s.ods_code
        """
    ).fetchall()
    for kind, code, name, explanation, region, region_name in areas:
        within = (f"In {region_name or 'region'} ({region}).",) if region else ()
        lead = (f"{kind_name(kind)} {code}. {explanation}.", *within)
        feed = f"{kind}-{slug(code)}"
        values = {kind: code, "area": code}
        yield Page(area_path(kind, code), name or code, kind, lead, values, feed, "areas.html")
