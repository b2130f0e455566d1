"""The promises of docs/guarantees.md and the tests that enforce them.

The marks of the tests (`@pytest.mark.promise("name")`) are the one place that assigns tests to promises.
`python -m ods_pipeline_tests.support.promises` writes the lists below the promises from them. Marks are read
from the source without importing a test, which takes less than a second. A promise has a few tests: those
that would fail first, and not all that touch it.
"""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = Path(__file__).resolve().parents[1]
GUARANTEES = REPOSITORY / "docs" / "guarantees.md"
_HEADING = re.compile(
    r"^## (?P<number>\d+)\. (?P<title>[^\n]+) \(`(?P<name>\w+)`\)$\n\n(?P<text>.+?)\n\n",
    re.MULTILINE | re.DOTALL,
)
_LIST = re.compile(r"(<!-- tests: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Promise:
    """A numbered heading of the document, and the paragraph below it."""

    number: int
    name: str
    title: str
    text: str


@dataclass(frozen=True, order=True)
class Marked:
    """A test, or a whole file of tests (``test`` is then empty), that carries the mark of a promise.

    ``file`` is relative to the folder of tests.
    """

    promise: str
    file: str
    test: str
    slow: bool

    def __str__(self) -> str:
        return self.file + (f"::{self.test}" if self.test else "")


class MarkError(ValueError):
    """A mark of a promise cannot be read from the source."""


def promises_in(document: str) -> list[Promise]:
    """Return the promises of a document, in its order."""
    return [
        Promise(int(m["number"]), m["name"], m["title"], " ".join(m["text"].split()))
        for m in _HEADING.finditer(document)
    ]


@functools.cache
def read_promises() -> tuple[Promise, ...]:
    """Return the promises of docs/guarantees.md."""
    return tuple(promises_in(GUARANTEES.read_text(encoding="utf-8")))


@functools.cache
def read_marks(folder: Path = TESTS) -> tuple[Marked, ...]:
    """Return every mark of a promise in the test files below a folder, sorted.

    Raises MarkError if a mark is not a name in quotes, or marks something that is not a test.
    """
    marks = [
        mark
        for path in folder.rglob("test_*.py")
        if "mark.promise" in (text := path.read_text(encoding="utf-8"))
        for mark in _marks_of(text, path.relative_to(folder).as_posix())
    ]
    return tuple(sorted(marks))


def with_lists(document: str, marks: tuple[Marked, ...]) -> str:
    """Return the document with the lists of tests that the marks give."""

    def tests(match: re.Match[str]) -> str:
        rows = [f"* `{mark}`{' (slow)' if mark.slow else ''}\n" for mark in marks if mark.promise == match[2]]
        return f"{match[1]}{''.join(rows)}{match[3]}"

    return _LIST.sub(tests, document)


def _marks_of(source: str, file: str) -> Iterator[Marked]:
    tree = ast.parse(source, file)
    file_marks = [
        mark
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
        for mark in _elements(node.value)
    ]
    file_is_slow = any(_name(mark) == "slow" for mark in file_marks)
    yield from (Marked(name, file, "", file_is_slow) for name in _promises(file_marks, file))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            slow = file_is_slow or any(_name(mark) == "slow" for mark in node.decorator_list)
            for name in _promises(node.decorator_list, file):
                if not node.name.startswith("test_"):
                    raise MarkError(
                        f"{file}: {node.name} is not a test and carries a mark. Move the mark to a test"
                    )
                yield Marked(name, file, node.name, slow)


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else [node]


def _promises(marks: list[ast.expr], file: str) -> Iterator[str]:
    for mark in marks:
        if _name(mark) != "promise":
            continue
        match mark:
            case ast.Call(args=[ast.Constant(value=str(name))], keywords=[]):
                yield name
            case _:
                raise MarkError(
                    f'{file}:{mark.lineno}: a mark takes one name in quotes. Write promise("name")'
                )


def _name(mark: ast.expr) -> str:
    """Return ``slow`` for ``pytest.mark.slow``; empty for anything that is not a mark."""
    match mark.func if isinstance(mark, ast.Call) else mark:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="pytest"), attr="mark"), attr=name):
            return name
    return ""


def main() -> None:
    """Write the lists into docs/guarantees.md."""
    GUARANTEES.write_text(with_lists(GUARANTEES.read_text(encoding="utf-8"), read_marks()), encoding="utf-8")


if __name__ == "__main__":
    main()
