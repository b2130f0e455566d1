"""The rooms of the package and the arrows between them: imports go one way, without a cycle.

Tests are a room too: what two of them share is not in a third.
"""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

import ods_pipeline

PACKAGE = Path(ods_pipeline.__file__).parent
TESTS = Path(__file__).parent
Arrows = dict[str, set[str]]


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Every module of a package by its dotted name; a package by the name of its folder."""
    return {
        ".".join([package.name, *file.relative_to(package).with_suffix("").parts]).removesuffix(
            ".__init__"
        ): file
        for file in sorted(package.rglob("*.py"))
    }


def imported(file: Path, known: set[str], top: Path = PACKAGE.parent) -> Iterator[str]:
    """The known modules that a file imports, inside functions too; ``top`` is the folder of the packages."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = ".".join(file.parent.relative_to(top).parts)
                module = resolve_name("." * node.level + module, package)
            if module in known:
                submodules = {f"{module}.{alias.name}" for alias in node.names} & known
                yield from submodules or {module}


def room_of(module: str) -> str:
    """The folder right below the package that holds a module; a module at the top is a room of its own."""
    return ".".join(module.split(".")[:2])


def arrows_between(names: dict[str, str]) -> Arrows:
    """Which names import which other ones; ``names`` groups the modules."""
    files = modules()
    arrows: Arrows = {name: set() for name in names.values()}
    for module, file in files.items():
        arrows[names[module]] |= {names[other] for other in imported(file, set(files))} - {names[module]}
    return arrows


def reject_cycle(arrows: Arrows) -> None:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail("imports go in a circle: " + " -> ".join(reversed(error.args[1])))


def test_imports_between_rooms_have_no_cycle(capsys: pytest.CaptureFixture[str]) -> None:
    arrows = arrows_between({module: room_of(module) for module in modules()})
    with capsys.disabled():
        print(f"\n{len(arrows)} rooms, {sum(map(len, arrows.values()))} arrows")  # noqa: T201 - the figure is wanted
    reject_cycle(arrows)


def test_imports_between_modules_have_no_cycle() -> None:
    reject_cycle(arrows_between({module: module for module in modules()}))


def test_the_page_about_the_house_names_every_room() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    rooms = {folder.parent.name for folder in PACKAGE.glob("*/__init__.py")}
    assert (sorted(listed), len(listed)) == (sorted(rooms), len(rooms))


def test_an_import_inside_a_function_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text(
        "def late():\n    from ods_pipeline.marts import macros\n    import ods_pipeline.errors\n"
    )
    assert {*imported(file, set(modules()))} == {"ods_pipeline.marts.macros", "ods_pipeline.errors"}


def imports_of_tests(files: dict[str, Path], top: Path) -> set[tuple[str, str]]:
    """Which modules import a test, and the test."""
    pairs = {(name, other) for name, file in files.items() for other in imported(file, set(files), top)}
    return {(name, other) for name, other in pairs if other.rpartition(".")[2].startswith("test_")}


def test_no_test_is_imported_by_another_module() -> None:
    """What several tests share is in ``support/``, or in a module of their folder that is no test."""
    assert imports_of_tests(modules(TESTS), TESTS.parent) == set()


def test_an_import_of_a_test_is_seen_in_every_form(tmp_path: Path) -> None:
    package = tmp_path / "tests" / "room"
    package.mkdir(parents=True)
    lines = ["import tests.room.test_a", "from tests.room import test_a", "from tests.room.test_a import one"]
    lines += ["from . import test_a", "from .test_a import one", "from ..room.test_a import one"]
    for name in ("__init__.py", "../__init__.py", "test_a.py"):
        (package / name).touch()
    for n, line in enumerate(lines):
        (package / f"test_b{n}.py").write_text(f"def late():\n    {line}\n")
    found = imports_of_tests(modules(tmp_path / "tests"), tmp_path)
    assert found == {(f"tests.room.test_b{n}", "tests.room.test_a") for n in range(len(lines))}


def test_only_defs_and_the_entry_points_import_dagster() -> None:
    users = {
        module
        for module, file in modules().items()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
        if name.partition(".")[0] == "dagster"
    }
    assert users and all(name.startswith("ods_pipeline.defs") for name in users)
