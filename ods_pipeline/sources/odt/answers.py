"""What counts as an answer of ODT, and what is read out of one: resources, counts, the next page.

Lives here: the shapes of answers and of errors. Does not live here: addresses (``client.py``), what is in a
resource (``organisations.py``, ``terms.py``). An answer of another shape raises NotTheAnswer, so that it is
asked for again: HTML, an OperationOutcome with status 200, a Bundle without links.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ods_pipeline.errors import OdsError
from ods_pipeline.sources.exchange import NotTheAnswer
from ods_pipeline.sources.http import Answer
from ods_pipeline.sources.odt.fhir import Json, by_url, items, part, text
from ods_pipeline.sources.odt.names import PROPERTY

# Every status that ODT explains itself. 401 and 403 are about the key, 422 about size, 400 and 405 about us.
STATUSES = frozenset({200, 400, 401, 403, 404, 405, 410, 422})
KEY_NAME = "ODS_ODT_API_KEY"


class TooLarge(Exception):
    """The answer would be too large (422): ask for less at once."""


class TooMany(Exception):
    """An expansion has more than 50,000 concepts (422): ask about fewer."""


class NotAsked(OdsError):
    """ODT does not take this question (400, 405): a parameter that it does not know, or a bad value."""


class NoSuchFilter(Exception):
    """The terminology server does not know this filter or this value set (404, 422): take another route."""


def resource_in(answer: Answer, kind: str, name: str, hide: Callable[[str], str] = str) -> Json:
    """Return the resource of this kind in an answer.

    Raises:
        NotTheAnswer: Another thing came with status 200.
        TooLarge, TooMany, NoSuchFilter: The server declares the question too large, or unknown.
        OdsError: The key is missing or wrong, or the question is not one that ODT answers.
    """
    try:
        content = json.loads(answer.content)
    except (ValueError, RecursionError):
        content = None
    if answer.status != 200:
        raise _refusal(answer.status, hide(explained(content)), name)
    if not isinstance(content, dict):
        media = answer.headers.get("content-type", "no type given").partition(";")[0][:40]
        raise NotTheAnswer(f"no whole JSON came, {len(answer.content)} bytes of {media}")
    if content.get("resourceType") != kind:
        raise NotTheAnswer(f"a {str(content.get('resourceType'))[:40]} came {explained(content)}".strip())
    if kind == "Bundle" and not items(content, "link"):
        raise NotTheAnswer("a Bundle without a link came")
    return content


def explained(content: Any) -> str:
    """Return what an OperationOutcome explains; empty for anything else.

    HAPI puts it into ``diagnostics``.
    """
    issues = items(content, "issue")
    return "; ".join(t[:300] for issue in issues if (t := text(issue, "diagnostics") or text(issue, "code")))


def _refusal(status: int, why: str, name: str) -> Exception:
    if status == 422 and "too big" in why:
        return TooMany(why)
    if status == 422 and ("no declared filter" in why.lower() or "not found" in why):
        return NoSuchFilter(why)
    if status == 422:
        return TooLarge(why)
    if status in (404, 410):
        return NoSuchFilter(why)
    if status in (401, 403):
        return OdsError(
            f"the key for the ODT API is missing or wrong (HTTP {status}{': ' if why else ''}{why})",
            do=f"Set {KEY_NAME} to the key of your application, or ODS_ODT_URL to sandbox",
        )
    return NotAsked(
        f"the ODT API refuses {name} (HTTP {status}: {why or 'no reason given'})",
        do="This is a fault of ods-pipeline: report it with this text; ODS_DELTAS_FROM=ord asks the ORD API",
    )


def next_query(bundle: Json) -> str | None:
    """Return the query of the link to the next page; None on the last one.

    Only the query is used: the gateway rewrites the hosts of links, and the key goes to our own server only.
    """
    for link in items(bundle, "link"):
        if link.get("relation") == "next":
            return urlsplit(str(link.get("url", ""))).query or None
    return None


def with_count(query: str, count: int) -> str:
    """Return the query with another ``_count``."""
    kept = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if k != "_count"]
    return urlencode([*kept, ("_count", str(count))])


def total_in(bundle: Json) -> int:
    """Return the ``total`` of a bundle that was asked to count. Raises NotTheAnswer without one."""
    total = bundle.get("total")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise NotTheAnswer("a Bundle without a total came")
    return total


def resources(bundle: Json, kind: str) -> list[Json]:
    """Return the resources of one kind in a bundle, in order, whether they match or are included."""
    listed = [entry.get("resource") for entry in items(bundle, "entry")]
    return [r for r in listed if isinstance(r, dict) and r.get("resourceType") == kind]


def concepts(value_set: Json) -> Iterator[tuple[str, str | None, dict[str, list[Any]]]]:
    """(code, display, properties) of each concept of an expansion; a property can have several values."""
    for concept in items(value_set.get("expansion"), "contains"):
        properties: dict[str, list[Any]] = {}
        for extension in by_url(concept, PROPERTY):
            value = part(extension, "value")
            bare = value.get("code") if isinstance(value, dict) else value
            properties.setdefault(str(part(extension, "code")), []).append(bare)
        code = text(concept, "code")
        if code is not None:
            yield code, text(concept, "display"), properties


def size_of(value_set: Json) -> tuple[int, int]:
    """Return how many concepts came, and how many there are. Raises NotTheAnswer if there is no expansion."""
    expansion = value_set.get("expansion")
    if not isinstance(expansion, dict):
        raise NotTheAnswer("a ValueSet without an expansion came")
    came = len(items(expansion, "contains"))
    total = expansion.get("total")
    return came, total if isinstance(total, int) and not isinstance(total, bool) else came
