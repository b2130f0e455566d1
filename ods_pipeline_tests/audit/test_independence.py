"""The audit shares no code with what it audits, and lists everything that it does not compare."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

import ods_pipeline.audit
from ods_pipeline.audit.identities import identities
from ods_pipeline.audit.tables import AUDITED_TABLES, NOT_COMPARED, NOT_RECOMPUTED
from ods_pipeline.schema import HISTORY, ORD
from ods_pipeline_tests.support.rooms import run_python

pytestmark = pytest.mark.promise("audited")
PACKAGE = Path(ods_pipeline.audit.__file__).parent
# All of the package that the audit may import (ods_pipeline/audit/__init__.py says why).
ALLOWED = (
    "ods_pipeline.audit",
    "ods_pipeline.schema",
    "ods_pipeline.errors",
    "ods_pipeline.dataroot.layout",
    "ods_pipeline.dataroot.builds",  # which build is the published one
)
# What those modules import in turn. ods_pipeline.marts is an empty package; its CSV lists the kinds.
ALLOWED_BEHIND = (*ALLOWED, "ods_pipeline.dataroot", "ods_pipeline.marts")
READERS = {"polars", "xml2arrow", "dataframely", "lxml"}
COMPARED = {table.name: table for table in AUDITED_TABLES}


def imported(file: Path) -> set[str]:
    """The modules that a file imports, on any line."""
    modules = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def is_of(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_the_audit_imports_schema_errors_and_the_place_of_the_build_only() -> None:
    files = sorted(PACKAGE.glob("*.py"))
    assert len(files) > 10
    for file in files:
        modules = imported(file)
        ours = {m for m in modules if is_of(m, ["ods_pipeline"])}
        assert {m for m in ours if not is_of(m, ALLOWED)} == set(), file.name
        assert not {m.partition(".")[0] for m in modules} & READERS, file.name


def test_those_modules_import_no_audited_code_either() -> None:
    script = (
        "import sys, ods_pipeline.audit.checking; print(*(m for m in sys.modules if 'ods_pipeline.' in m))"
    )
    ran = run_python(script)
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.split())
    assert "ods_pipeline.audit.checking" in loaded
    assert {m for m in loaded if not is_of(m, ALLOWED_BEHIND)} == set()
    assert {m for m in loaded if m.startswith("ods_pipeline.marts.")} == set()


@pytest.mark.parametrize("table", [*ORD, *HISTORY], ids=lambda t: f"{t.schema}.{t.name}")
def test_every_column_is_compared_or_listed_as_not_compared(table) -> None:
    name = f"{table.schema}.{table.name}"
    if name in NOT_RECOMPUTED:
        assert name not in COMPARED
        return
    left_out = set(NOT_COMPARED.get(name, {}))
    assert set(COMPARED[name].columns) | left_out == set(table.columns)
    assert not set(COMPARED[name].columns) & left_out
    assert set(COMPARED[name].key) == set(table.key)
    assert len(set(COMPARED[name].columns)) == len(COMPARED[name].columns)


def test_the_only_uncompared_columns_of_ord_describe_records_set_aside() -> None:
    assert {t: set(c) for t, c in NOT_COMPARED.items() if t.startswith("ord.")} == {
        "ord.quarantined_records": {"rule", "detail", "payload"}
    }
    assert not [table for table in NOT_RECOMPUTED if table.startswith("ord.")]


def test_every_identity_has_a_sentence_and_there_are_at_least_twelve() -> None:
    every = identities()
    assert len(every) >= 12
    assert len({i.sentence for i in every}) == len(every)
    for identity in every:
        assert identity.sentence.endswith(".") and identity.sentence[0].isalpha()
        assert "SELECT" in identity.query and "--" not in identity.query
