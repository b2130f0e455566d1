"""What counts as an answer of the ORD API, and what is read out of one: codes, stamps and counts.

Lives here: the shapes of answers. Does not live here: addresses and paging (``client.py``), what is in a
record (``flatten/json``). Answers of another shape raise NotTheAnswer, so that they are asked for again.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.etree import ElementTree

from ods_pipeline.sources.exchange import NotTheAnswer
from ods_pipeline.sources.http import Answer
from ods_pipeline.sources.receipt import CODE

ORGANISATIONS = "Organisations"


def listed_rows(content: bytes) -> list[tuple[str, str]]:
    """(code, stamp) of each row of a search page that is held. Raises ValueError, KeyError or TypeError."""
    return [(row["OrgId"], row["LastChangeDate"]) for row in json.loads(content)[ORGANISATIONS]]


def linked_codes(content: bytes) -> list[str]:
    """Return the codes of a sync list that is held. Raises ValueError, KeyError or TypeError."""
    return [link["OrgLink"].rpartition("/")[2] for link in json.loads(content)[ORGANISATIONS]]


def list_in(answer: Answer, key: str) -> Sequence[dict[str, Any]]:
    """Return the list below ``key``. A list of one may come as the bare object. Raises NotTheAnswer."""
    items = _json(answer).get(key)
    items = [items] if isinstance(items, dict) else items
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NotTheAnswer(f"JSON without a list of {key} came")
    return items


def total_of(answer: Answer) -> int:
    """Return the ``X-Total-Count`` of an answer. Raises NotTheAnswer without one."""
    count = answer.headers.get("x-total-count", "")
    if not count.isascii() or not count.isdigit():
        raise NotTheAnswer("it came without X-Total-Count")
    return int(count[:12])


def checked_code(text: str) -> str:
    """Return the text if it is an ODS code. Raises NotTheAnswer otherwise."""
    if not CODE.fullmatch(text):
        raise NotTheAnswer(f"{text[:20]!r} is not an ODS code")
    return text


def stamp_of(row: dict[str, Any]) -> str:
    """Return the LastChangeDate (ISO) of a search row. Raises NotTheAnswer without one."""
    stamp = str(row.get("LastChangeDate"))
    try:
        is_day = date.fromisoformat(stamp).isoformat() == stamp
    except ValueError:
        is_day = False
    if not is_day:
        raise NotTheAnswer(f"the row of {str(row.get('OrgId'))[:20]!r} has no LastChangeDate")
    return stamp


def code_in_json(answer: Answer) -> str:
    """Return the code of a record in JSON. Raises NotTheAnswer if it is not a record."""
    try:
        return str(_json(answer)["Organisation"]["OrgId"]["extension"])
    except (KeyError, TypeError):
        raise NotTheAnswer("JSON without an organisation came") from None


def code_in_xml(answer: Answer) -> str:
    """Return the code of a record in XML. Raises NotTheAnswer if it is not a record."""
    try:
        root = ElementTree.fromstring(answer.content)
    except ElementTree.ParseError:
        raise NotTheAnswer(f"no whole XML came, {len(answer.content)} bytes") from None
    organisation = root if root.tag.rpartition("}")[2] == "Organisation" else root.find(".//{*}Organisation")
    identity = organisation.find("{*}OrgId") if organisation is not None else None
    if identity is None:
        raise NotTheAnswer("XML without an organisation came")
    return identity.get("extension", "")


def _json(answer: Answer) -> dict[str, Any]:
    if answer.status != 200:
        raise NotTheAnswer(f"HTTP {answer.status}")
    try:
        content = json.loads(answer.content)
    except (ValueError, RecursionError):
        kind = answer.headers.get("content-type", "no type given").partition(";")[0][:40]
        raise NotTheAnswer(f"no whole JSON came, {len(answer.content)} bytes of {kind}") from None
    if not isinstance(content, dict):
        raise NotTheAnswer("JSON of another shape came")
    return content
