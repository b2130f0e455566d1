"""Small registers with an ICB, made for the report: one of hostile names, one that changes.

Lives here: records, and the set published from them. Does not live here: what a site must make of them.
"""

from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.builders import Held, make_record, rel, role
from ods_pipeline_tests.support.history.folding import with_duckdb

MARKUP = "</td></script><script>window.hit=1</script><img src=x onerror=window.hit=1>&amp;\"'--> ]]>"
NAMES = (
    MARKUP,
    "\u202eREVERSED\u202c AND \u2066ISOLATED",
    "مركز صحي",
    "CONTROL \x85\x9b31m \u2028 LINE",
    "=CMD|'/C calc'!A0",
    "{{ 7 * 7 }} {% raw %}",
    "__PROTO__ CONSTRUCTOR",
    "A" * 50_000,
)
ICB, REGION = "Q/..<1", "Y5'6"


def hostile_records() -> list[dict[str, Any]]:
    """An ICB and a region with odd codes, and a practice and a trust of each hostile name below them."""
    link = {"Rel": [rel(ICB, REGION, "RE2")]}
    records = [
        make_record(REGION, Name=f"REGION {MARKUP}", Roles={"Role": [role(REGION, "RO209")]}),
        make_record(ICB, Name=f"ICB {MARKUP}", Roles={"Role": [role(ICB, "RO261")]}, Rels=link),
    ]
    for number, name in enumerate(NAMES):
        for code in (f"P{number:03d}<", f"constructor{number}"):
            practice = [role(code, "RO177"), role(code, "RO76", primary=False)]
            rels = {"Rel": [rel(code, ICB, "RE4")]}
            records.append(make_record(code, Name=name, Roles={"Role": practice}, Rels=rels))
    return records


def renamed(code: str, day: str) -> list[dict[str, Any]]:
    """A practice renamed on a day, so that the feeds hold a hostile name too."""
    practice = [role(code, "RO177"), role(code, "RO76", primary=False)]
    rels = {"Rel": [rel(code, ICB, "RE4")]}
    new = {"Name": f"NEW {MARKUP}", "LastChangeDate": day}
    return [make_record(code, Roles={"Role": practice}, Rels=rels, **new)]


def publish(held: Held, name: str) -> DataRoot:
    """Publish what is held into a folder that can be read like a data root."""
    with_duckdb(held.register(), held.path / name)
    return DataRoot(held.path / name)


def hostile_register(folder: Path) -> Held:
    """The hostile register: a release, and a fetch that renames one practice."""
    held = Held(folder)
    held.release(hostile_records())
    held.delta(renamed("P000<", "2026-08-24"))
    return held
