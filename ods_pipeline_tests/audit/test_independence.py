"""The audit uses none of the code it audits, and leaves nothing out without saying so."""

import ast
from pathlib import Path

import pytest

import ods_pipeline.audit
from ods_pipeline.audit.identities import identities
from ods_pipeline.audit.tables import NOT_COMPARED, NOT_TOLD, TABLES
from ods_pipeline.schema import HISTORY, ORD
from ods_pipeline_tests.support.rooms import run_python

pytestmark = pytest.mark.promise("audited")
PACKAGE = Path(ods_pipeline.audit.__file__).parent
AUDITED = ("flatten", "history", "defs", "marts")
READERS = {"polars", "xml2arrow", "dataframely", "lxml"}
COMPARED = {told.name: told for told in TABLES}


def imported(file: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_module_of_the_audit_imports_what_it_audits() -> None:
    files = sorted(PACKAGE.glob("*.py"))
    assert len(files) > 10
    for file in files:
        modules = imported(file)
        for part in AUDITED:
            whole = f"ods_pipeline.{part}"
            assert not {m for m in modules if m == whole or m.startswith(f"{whole}.")}, file.name
        assert not {m.partition(".")[0] for m in modules} & READERS, file.name


def test_nor_does_anything_it_imports() -> None:
    script = (
        "import sys, ods_pipeline.audit.checking; print(*(m for m in sys.modules if 'ods_pipeline.' in m))"
    )
    ran = run_python(script)
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.split())
    assert "ods_pipeline.audit.checking" in loaded
    # The empty package beside the CSV of kinds is all that the schema needs of the marts.
    assert {m for m in loaded if m.split(".")[1] in AUDITED} <= {"ods_pipeline.marts"}


@pytest.mark.parametrize("table", [*ORD, *HISTORY], ids=lambda t: f"{t.schema}.{t.name}")
def test_every_column_is_compared_or_listed_as_not_compared(table) -> None:
    name = f"{table.schema}.{table.name}"
    if name in NOT_TOLD:
        assert name not in COMPARED
        return
    left_out = set(NOT_COMPARED.get(name, {}))
    assert set(COMPARED[name].columns) | left_out == set(table.columns)
    assert not set(COMPARED[name].columns) & left_out
    assert set(COMPARED[name].key) == set(table.key)
    assert len(set(COMPARED[name].columns)) == len(COMPARED[name].columns)


def test_of_ord_only_words_about_records_set_aside_are_not_compared() -> None:
    assert {t: set(c) for t, c in NOT_COMPARED.items() if t.startswith("ord.")} == {
        "ord.quarantined_records": {"rule", "detail", "payload"}
    }
    assert not [table for table in NOT_TOLD if table.startswith("ord.")]


def test_there_are_a_dozen_identities_and_more_each_with_a_sentence() -> None:
    found = identities()
    assert len(found) >= 12
    assert len({i.sentence for i in found}) == len(found)
    for identity in found:
        assert identity.sentence.endswith(".") and identity.sentence[0].isalpha()
        assert "SELECT" in identity.query and "--" not in identity.query
