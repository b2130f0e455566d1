"""fetch.py and lists.py: a fetch that does not match its receipt is rejected whole, with one clear line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.errors import BadFetch
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline_tests.support.builders import STAMP, edit_receipt, put

pytestmark = pytest.mark.promise("hostile")


def file_entry(path: str) -> dict[str, Any]:
    return {"path": path, "bytes": 1, "sha256": "0" * 64}


BROKEN_FETCHES: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed payload": (
        lambda f: (f / "organisations/R1A.json").write_bytes(b"{}"),
        "organisations/R1A.json is not what",
    ),
    "changed list": (
        lambda f: (f / "sync.json").write_bytes(b"{}"),
        "sync.json is not what the receipt records",
    ),
    "missing payload": (lambda f: (f / "organisations/R1A.json").unlink(), "organisations/R1A.json"),
    "missing receipt": (lambda f: (f / "receipt.json").unlink(), "no receipt"),
    "receipt not JSON": (lambda f: (f / "receipt.json").write_text("{"), "its receipt is damaged"),
    "receipt a list": (lambda f: (f / "receipt.json").write_text("[]"), "its receipt is damaged"),
    "receipt without day": (edit_receipt(as_of="soon"), "its receipt is damaged"),
    "way out": (edit_receipt(files=[file_entry("../../secret")]), "leads out of the folder"),
    "way out below": (
        edit_receipt(files=[file_entry("organisations/../../x.json")]),
        "leads out of the folder",
    ),
    "absolute path": (edit_receipt(files=[file_entry("/etc/passwd")]), "leads out of the folder"),
    "impossible path": (edit_receipt(files=[file_entry("organisations/\ud800.json")]), "cannot be read"),
    "no answer": (
        edit_receipt(codes=["R1A", "R1B", "R1C", "R1D"]),
        "1 codes were asked for and have no answer (R1D)",
    ),
}
BAD_LISTS: dict[str, tuple[str, bytes, str]] = {
    "notifications not JSON": (
        "notifications.json",
        b"<html>",
        "notifications.json holds no list of Deleted",
    ),
    "notifications a list": ("notifications.json", b"[]", "notifications.json holds no list of Deleted"),
    "notifications of texts": ("notifications.json", b'{"DeletedOrganisations":["R1A"]}', "holds no list"),
    "deletion of nothing": (
        "notifications.json",
        b'{"DeletedOrganisations":[{"time":"2026-08-01"}]}',
        "without OrgID",
    ),
    "deletion some day": (
        "notifications.json",
        b'{"DeletedOrganisations":[{"OrgID":"Z1","time":"soon"}]}',
        "no date for the deletion of Z1",
    ),
    "deletion in the year 0": (
        "notifications.json",
        b'{"DeletedOrganisations":[{"OrgID":"Z1","time":"0000-01-01"}]}',
        "no date for the deletion of Z1",
    ),
    "deletion of odd shape": (
        "notifications.json",
        b'{"DeletedOrganisations":[{"OrgID":{"a":1},"time":"2026-08-01"}]}',
        "unknown shape",
    ),
    "roles not JSON": ("roles.json", b"", "roles.json holds no list of Roles"),
    "role of odd shape": (
        "roles.json",
        b'{"Roles":[{"id":"RO1","code":[1],"displayName":{}}]}',
        "unknown shape",
    ),
    "rels of another name": ("rels.json", b'{"Rels":[]}', "rels.json holds no list of Relationships"),
}


@pytest.mark.parametrize("name", [*BROKEN_FETCHES, *BAD_LISTS])
def test_a_fetch_that_does_not_match_its_receipt_is_rejected_whole(fetch: Path, name: str) -> None:
    if name in BAD_LISTS:
        path, payload, text = BAD_LISTS[name]
        put(fetch, path, payload)
    else:
        harm, text = BROKEN_FETCHES[name]
        harm(fetch)
    with pytest.raises(BadFetch) as caught:
        flatten_fetch(fetch)
    message = str(caught.value)
    assert text in message
    assert message.startswith(f"fetch={STAMP}: ")
    assert "\n" not in message
    assert caught.value.do
