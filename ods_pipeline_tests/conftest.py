"""What all tests share: options, fixtures, and the settings of Hypothesis.

Lives here: the real payloads next to the repository, the sample, measured figures, commands in this process.
Does not live here: helpers that a test imports (``support/``).
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline_tests.sample import SAMPLE
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.builders import Held, flatten
from ods_pipeline_tests.support.rooms import REAL_SOURCES, ROOMS, events_forgotten
from ods_pipeline_tests.support.running import Main, run_here
from ods_pipeline_tests.support.times import TIMES

REPOSITORY = Path(__file__).resolve().parent.parent
# The same examples every time: everyone must be able to repeat a failure.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, database=None, max_examples=40 * TIMES
)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    figures.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(figures.Figures())
    if not hasattr(config, "workerinput"):  # workers inherit it from the main process
        os.environ[ROOMS] = tempfile.mkdtemp(prefix="ods_pipeline_tests_")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(ROOMS), ignore_errors=True)


@pytest.fixture(autouse=True)
def no_real_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the developer's own settings for the real sources: tests must not use them."""
    for name in REAL_SOURCES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def events_of_dagster(request: pytest.FixtureRequest, no_real_sources: None) -> Iterator[None]:
    """Let Dagster forget the events of runs, but not in tests marked ``dagster_records``.

    Fixtures of a wider scope are made before this one: they use ``rooms.events_forgotten`` themselves.
    """
    if request.node.get_closest_marker("dagster_records") is None:
        with events_forgotten():
            yield
    else:
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real ODS payloads, which is kept next to the repository and not in it."""
    folder = REPOSITORY.parent / "shared" / "ods-data"
    if not folder.is_dir():
        pytest.skip(
            f"the real ODS payloads are kept next to the repository, and this folder is missing: {folder}"
        )
    return folder


@pytest.fixture(scope="session")
def sample_release() -> Path:
    """Return the zip of the committed sample."""
    (release,) = (SAMPLE / "trud").glob("*.zip")
    return release


@pytest.fixture(scope="session")
def sample_flats(sample_release: Path) -> list[Flat]:
    """Return every capture of the committed sample, flattened: the release, then the fetches in order."""
    fetches = sorted((SAMPLE / "ord").glob("fetch=*"))
    return [flatten(sample_release), *map(flatten_fetch, fetches)]


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Return an empty data root to put captures into."""
    return Held(tmp_path)


@pytest.fixture
def run_main() -> Main:
    """Return a function that runs ``ods-pipeline …`` in this process and returns the exit code."""
    return run_here
