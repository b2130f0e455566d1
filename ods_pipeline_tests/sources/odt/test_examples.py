"""Every file of the two folders of official examples: each leaf is read, or on a list with the reason.

Lives here: the files as a whole, with what is around the resources. Does not live here: how an organisation
and an affiliation become rows (`test_translate.py`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.sources.exchange import NotTheAnswer
from ods_pipeline.sources.http import Answer
from ods_pipeline.sources.odt import answers, terms
from ods_pipeline.sources.odt.deletions import notices, unreadable
from ods_pipeline.sources.odt.names import PROPERTY
from ods_pipeline_tests.support.fhir import from_xml, leaves

Json = dict[str, Any]
# Around resources, and in answers that are not resources of the register: what is not taken, and why.
NOT_TAKEN = {
    ".id": "the name that the store gave to the answer",
    ".meta.": "load times of the store",
    ".type": "searchset: every answer to a search is one",
    ".link.relation": "self or next: chose the rule",
    ".fullUrl": "the address of the resource, which has its id",
    ".search.mode": "match or include: the kind of resource shows it",
    ".resourceType": "the kind of resource chose the reader",
    ".text.": "the same for human eyes",
    ".status": "current, or the state of the value set",
    ".mode": "working: the list is kept up to date",
    ".title": "the name of the list, which was asked for",
    ".note.": "a description of the list",
    ".date": "the day on which the list was written; each entry has its own",
    ".item.type": "Organization, as the identifier shows",
    ".system": "the name of a code system chose the rule",
    ".severity": "error, as the status shows",
    ".issue.code": "the diagnostics say more",
    ".location": "the place in the question; the diagnostics name it",
    ".expression": "the place in the question; the diagnostics name it",
    ".issue.details.": "an example has the same text in the diagnostics, or the catch-all's status",
    ".url": "the name of an extension chose the rule",
    ".identifier": "the number that the server gave to this expansion",
    ".timestamp": "the moment of this expansion",
    ".offset": "where this page begins, as asked",
    ".parameter.": "the question once more",
    "<inactive>.valueBoolean": "the register keeps what is inactive, with its dates",
    ".inactive": "the register keeps what is inactive, with its dates",
    ".publisher": "about the code system",
    ".copyright": "about the code system",
    ".version": "the day of the load, which is asked for on its own",
    ".name": "about the code system",
}
# Properties of an organisation's concept that are not taken: ODS derives them from the postcode.
BY_POSTCODE = (
    "areas that follow from the postcode: marts.organisation_places has them from a file of postcodes"
)
_ADDRESS = re.compile(r"<[^<>]*[?|][^<>]*>")  # of a link: `leaves` takes it for the name of an extension
STU3 = {"OrganizationAffiliation.get.4XX.json", "metadata.get.200.json"}


def files(shared: Path) -> Iterator[tuple[str, Json]]:
    folder = shared / "odt-fhir"
    twins = [p for p in folder.glob("*.xml") if not p.with_suffix(".json").exists()]
    for path in sorted([*folder.glob("*.json"), *twins, *(folder / "guide").glob("*.xml")]):
        yield path.name, from_xml(path) if path.suffix == ".xml" else json.loads(path.read_bytes())


def not_read(content: Any, read: set[str]) -> list[tuple[str, Any]]:
    """The leaves that nobody reads and that are on no list. Resources of the register are left out."""
    return [
        (path, value)
        for path, value in ((_ADDRESS.sub("", p), v) for p, v in leaves(content))
        if ".resource." not in path
        and str(value) not in read
        and not any(end in f"{path}." if end.endswith(".") else path.endswith(end) for end in NOT_TAKEN)
    ]


def read_from(content: Json) -> set[str]:
    """Every value that a reader of the pipeline takes out of an answer."""
    kind = content["resourceType"]
    if kind == "Bundle":
        links = {str(link["url"]) for link in content["link"] if link["relation"] == "self"}
        following = answers.next_query(content)
        links |= {str(k["url"]) for k in content["link"] if following and following in str(k["url"])}
        return links | ({str(answers.total_in(content))} if "total" in content else set())
    if kind == "List":
        assert unreadable(content) == 0
        rows = notices(content)
        return {row["OrgID"] for row in rows} | {f"{row['time']}T00:00:00+00:00" for row in rows}
    if kind == "OperationOutcome":
        whole = {str(issue.get("diagnostics")) for issue in content["issue"]}
        return {text for text in whole if text[:300] in answers.explained(content)}
    if kind == "ValueSet":
        values = {str(answers.size_of(content)[1])}
        for code, display, properties in answers.concepts(content):
            values |= {code, str(display), *properties, *(str(v) for vs in properties.values() for v in vs)}
        return values
    return set()


@pytest.mark.parametrize("kind", ["Bundle", "List", "OperationOutcome", "ValueSet"])
def test_every_leaf_around_the_resources_is_read_or_on_the_list(shared: Path, kind: str) -> None:
    found = [(n, c) for n, c in files(shared) if c["resourceType"] == kind and n not in STU3]
    assert found
    for name, content in found:
        assert not_read(content, read_from(content)) == [], name


def test_every_kind_of_file_has_a_reader(shared: Path) -> None:
    """A file of another kind is one that this test does not know: it must be given a reader."""
    known = {"Bundle", "List", "OperationOutcome", "ValueSet", "Organization", "OrganizationAffiliation"}
    others = {name: content["resourceType"] for name, content in files(shared)
              if content["resourceType"] not in known}  # fmt: skip
    assert others == {"CodeSystem.get.200.json": "Parameters", "metadata.get.200.json": "CapabilityStatement"}


def test_the_concept_of_an_organisation_is_read_property_by_property(shared: Path) -> None:
    """`$lookup` as the value set has it: what a term is made of, and what is left to the postcode."""
    content = json.loads((shared / "odt-fhir" / "CodeSystem.get.200.json").read_bytes())
    properties: list[tuple[str, Any]] = []
    for parameter in content["parameter"]:
        if parameter["name"] == "property":
            parts = {
                p["name"]: next(v for k, v in p.items() if k.startswith("value")) for p in parameter["part"]
            }
            properties.append((parts["code"], parts.get("value")))
    extensions = [
        {"url": PROPERTY, "extension": [{"url": "code", "valueCode": k}, {"url": "value", "value": v}]}
        for k, v in properties
    ]
    value_set = {"expansion": {"contains": [{"code": "G81086", "extension": extensions}]}}
    term = terms.terms([value_set])["G81086"]
    given = dict(properties)
    assert term.stamp == given["lastChangeDate"][:10]
    days = {day for pair in term.periods.values() for day in pair if day}
    assert days == {str(given[name])[:10] for name in terms.DATES if given.get(name)}
    left = {k for k, _ in properties} - {*terms.OF_ORGANISATION}
    assert left and all(k not in terms.OF_ORGANISATION for k in left), BY_POSTCODE
    assert {"ICB", "NHSER"} <= left


@pytest.mark.parametrize("status", [400, 401, 404, 405, 422])
def test_every_error_of_the_examples_is_explained(shared: Path, status: int) -> None:
    found = [c for n, c in files(shared) if c["resourceType"] == "OperationOutcome"]
    assert len(found) >= 8
    for content in found:
        why = answers.explained(content)
        assert why
        answer = Answer(status, httpx.Headers(), json.dumps(content).encode())
        with pytest.raises((OdsError, answers.NoSuchFilter, answers.TooLarge, answers.TooMany)):
            answers.resource_in(answer, "Bundle", "/Organization")
        with pytest.raises(NotTheAnswer, match="a OperationOutcome came"):
            answers.resource_in(replace(answer, status=200), "Bundle", "/Organization")
