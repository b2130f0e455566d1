"""docs/guarantees.md and the marks of the tests agree, in both directions."""

import re
from collections import Counter
from pathlib import Path

import pytest

from ods_pipeline_tests.support import figures, promises
from ods_pipeline_tests.support.promises import Marked

DOCUMENT = promises.GUARANTEES.read_text(encoding="utf-8")
NAMES = [promise.name for promise in promises.read_promises()]


def test_every_heading_is_a_promise_with_its_number_and_name() -> None:
    headings = re.findall(r"^## (?!Figures$).+$", DOCUMENT, re.MULTILINE)
    assert len(headings) == len(NAMES) == len(set(NAMES)) > 0
    assert [promise.number for promise in promises.read_promises()] == list(range(1, len(NAMES) + 1))
    assert re.findall(r"^<!-- tests: (\w+) -->$", DOCUMENT, re.MULTILINE) == NAMES


def test_a_promise_is_one_paragraph_of_three_sentences_at_most() -> None:
    sentences = {p.name: len(re.findall(r"[.?!](?=\s|$)", p.text)) for p in promises.read_promises()}
    assert {name: count for name, count in sentences.items() if not 1 <= count <= 3} == {}


def test_every_promise_has_tests_and_one_that_always_runs() -> None:
    assert {mark.promise for mark in promises.read_marks() if not mark.slow} >= set(NAMES)


def test_every_mark_names_a_promise() -> None:
    assert [mark for mark in promises.read_marks() if mark.promise not in NAMES] == []


def test_no_test_repeats_a_mark_of_its_file() -> None:
    marks = promises.read_marks()
    assert [mark for mark, times in Counter(marks).items() if times > 1] == []
    whole_files = {(mark.promise, mark.file) for mark in marks if not mark.test}
    assert [mark for mark in marks if mark.test and (mark.promise, mark.file) in whole_files] == []


def test_the_lists_match_the_marks() -> None:
    """If not: python -m ods_pipeline_tests.support.promises."""
    assert promises.with_lists(DOCUMENT, promises.read_marks()) == DOCUMENT


def test_every_figure_belongs_to_a_promise() -> None:
    assert {name for name, _ in figures.rows_of(DOCUMENT)} <= set(NAMES)


def test_marks_are_read_from_decorators_and_from_whole_files(tmp_path: Path) -> None:
    (tmp_path / "test_whole.py").write_text(
        'import pytest\npytestmark = [pytest.mark.slow, pytest.mark.promise("a")]\ndef test_x(): ...\n'
    )
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "test_one.py").write_text(
        "import pytest\n"
        '@pytest.mark.promise("b")\n@pytest.mark.promise("a")\n@pytest.mark.parametrize("n", [1])\n'
        'def test_y(n): ...\n@pytest.mark.slow\n@pytest.mark.promise("b")\ndef test_z(): ...\n'
        '"""pytest.mark.promise("c")"""\n'
    )
    assert promises.read_marks(tmp_path) == (
        Marked("a", "below/test_one.py", "test_y", slow=False),
        Marked("a", "test_whole.py", "", slow=True),
        Marked("b", "below/test_one.py", "test_y", slow=False),
        Marked("b", "below/test_one.py", "test_z", slow=True),
    )
    before = [
        "<!-- tests: b -->",
        "* `gone.py`",
        "<!-- end -->",
        "<!-- tests: c -->",
        "* `gone.py`",
        "<!-- end -->",
    ]
    after = promises.with_lists("\n".join(before) + "\n", promises.read_marks(tmp_path)).splitlines()
    tests = ["* `below/test_one.py::test_y`", "* `below/test_one.py::test_z` (slow)"]
    assert after == [before[0], *tests, *before[2:4], before[5]]


@pytest.mark.parametrize("mark", ["promise(NAME)", 'promise("a", "b")', "promise", 'promise(name="a")'])
def test_a_mark_that_cannot_be_read_is_an_error(tmp_path: Path, mark: str) -> None:
    (tmp_path / "test_odd.py").write_text(f"import pytest\n@pytest.mark.{mark}\ndef test_x(): ...\n")
    with pytest.raises(promises.MarkError, match=r"test_odd\.py:2"):
        promises.read_marks(tmp_path)
