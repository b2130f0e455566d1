"""The rooms of the package and the arrows between them: imports go one way, without a cycle."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import ods_pipeline

PACKAGE = Path(ods_pipeline.__file__).parent
Arrows = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; a package by the name of its folder."""
    return {
        ".".join([PACKAGE.name, *file.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
            ".__init__"
        ): file
        for file in sorted(PACKAGE.rglob("*.py"))
    }


def imported(file: Path, known: set[str]) -> Iterator[str]:
    """The package's modules that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & known
            yield from submodules or {node.module}


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
