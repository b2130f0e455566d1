"""Every code block of README and docs runs on the embedded sample, and the answers shown are the answers.

* `sql`: runs, and the text block below it is its answer.
* `sh`: every `ods-pipeline` line parses. It also runs if it needs no network, no key and no real release. The
  first two blocks of the README are the exception: continuous integration runs those.
* `python`: runs.
* `ini`: parses, and so does the command line in it. `yaml` and `dockerfile`: a service and an image of ours.
* `text` below anything but SQL: output, folders, pictures. The README's output is compared.
"""

import configparser
import re
import shlex
from pathlib import Path

import duckdb
import pytest
import yaml

from ods_pipeline import cli
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline_tests.support import questions
from ods_pipeline_tests.support.rooms import (
    copy_of,
    run_python,
    sample_output,
    sample_root,
)
from ods_pipeline_tests.support.running import run_here

pytestmark = pytest.mark.promise("documented")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ODS_PIPELINE = re.compile(r"^(?:\.venv/bin|/\S+/bin)?/?ods-pipeline$")
# What needs a source or a person, or has tests of its own (the site); these lines are parsed and not run.
_NOT_RUN = {
    "postcodes",
    "rebuild-history",
    "reconcile",
    "--release",
    "--deltas",
    "report",
    "ui",
    "s3://bucket/ods",
}
# Good, published with gaps, something needs attention: the command did its work.
_DONE = {0, 4, 5}


def blocks(language: str) -> list[str]:
    """Every block of a language, in the order of the documents."""
    return [
        text
        for document in questions.ALL_DOCUMENTS
        for name, text in _FENCE.findall(document.read_text(encoding="utf-8"))
        if name == language
    ]


def command_lines() -> list[list[str]]:
    """The arguments of every `ods-pipeline` line that a reader may copy, without repeats."""
    lines = [line for text in blocks("sh") if "python3 -m venv" not in text for line in text.splitlines()]
    lines += [line.removeprefix("ExecStart=") for text in blocks("ini") for line in text.splitlines()]
    commands = []
    for line in lines:
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words and _ODS_PIPELINE.match(words[0]) and words[1:] not in commands:
            commands.append(words[1:])
    return commands


COMMANDS = command_lines()
RUN = [words for words in COMMANDS if not _NOT_RUN & set(words)]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it: the built sample in `data` and in a `store`, and a list of codes."""
    folder = tmp_path_factory.mktemp("reader")
    root = copy_of(sample_root(), folder)
    publish_to(root, Store((folder / "store").as_uri(), create=True), who="a test")
    (folder / "codes.csv").write_text("code\nRRP\nRKE\nG6VS2\n")
    return folder


def test_the_readme_is_short_and_opens_with_the_two_commands() -> None:
    text = questions.README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 130
    (first, build), (second, test) = _FENCE.findall(text)[:2]
    assert (first, second) == ("sh", "sh")
    for command in (build, test):
        assert "python3 -m venv .venv" in command
        assert "-c constraints.txt" in command
    assert "ods-pipeline build" in build
    assert "pytest" in test


def test_every_block_is_of_a_language_that_is_tested() -> None:
    languages = {
        name
        for path in questions.ALL_DOCUMENTS
        for name, _ in _FENCE.findall(path.read_text(encoding="utf-8"))
    }
    assert languages == {"sh", "sql", "text", "python", "ini", "dockerfile", "yaml"}


def test_the_blocks_of_services_and_databases_parse_and_the_image_runs_our_command() -> None:
    compose, storage = map(yaml.safe_load, blocks("yaml"))
    assert all(service["init"] for service in compose["services"].values())
    assert storage["storage"]["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"
    (image,) = blocks("dockerfile")
    assert 'ENTRYPOINT ["ods-pipeline"]' in image and "-c /src/constraints.txt" in image


@pytest.mark.parametrize("document", questions.DOCUMENTS, ids=lambda path: path.name)
def test_the_answers_shown_are_the_answers(document: Path) -> None:
    """If not: python -m ods_pipeline_tests.support.questions."""
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        assert questions.with_answers(document, connection) == document.read_text(encoding="utf-8")


def test_no_question_is_without_an_answer() -> None:
    statements = questions.statements(questions.QUESTIONS)
    assert len(statements) >= 20
    with duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True) as connection:
        assert [sql for sql in statements if not connection.sql(sql).fetchall()] == []


def test_the_output_shown_in_the_readme_is_what_the_command_prints() -> None:
    """Every line shown is printed, in this order; `…` marks lines left out."""
    shown = next(text for text in blocks("text") if text.startswith("Published the register"))
    printed = iter(sample_output()[0].splitlines())
    assert [line for line in shown.splitlines() if line != "…" and line not in printed] == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_shown_parses(words: list[str]) -> None:
    cli.app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("words", RUN, ids=" ".join)
def test_every_command_that_needs_no_source_runs(
    words: list[str], workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    if "--data-root" in words:
        place = words.index("--data-root")
        words = words[:place] + words[place + 2 :]
    assert run_here(*words) in _DONE


@pytest.mark.parametrize("script", blocks("python"), ids=lambda script: script.split("\n", 1)[0])
def test_every_python_block_runs(script: str, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    ran = run_python(script)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()


@pytest.mark.parametrize("text", blocks("ini"), ids=lambda text: text.split("\n", 1)[0])
def test_every_ini_block_parses(text: str) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(text)
    assert parser.sections()


@pytest.mark.slow
def test_a_restored_data_root_is_rebuilt_from_raw(workplace: Path, tmp_path: Path) -> None:
    """docs/operations.md, Restore it: `raw/` in an empty folder is enough."""
    restored, original = DataRoot(tmp_path / "restored"), DataRoot(workplace / "data")
    restored.path.mkdir()
    (original.path / "raw").rename(restored.path / "raw")
    try:
        assert run_here("build", "--data-root", restored.path, "--quiet") == 0
        for name in ("tables/organisations", "history/organisations", "marts/code_changes"):
            file = f"{name}.parquet"
            assert (restored.path / file).read_bytes() == (original.path / file).read_bytes(), name
    finally:
        (restored.path / "raw").rename(original.path / "raw")
