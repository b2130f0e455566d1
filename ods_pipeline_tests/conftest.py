"""What all tests share: the real payloads beside the repository, the sample, the seed of hypothesis, the
figures that they take, the commands in this process."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from ods_pipeline import cli
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline_tests.sample import SAMPLE
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.builders import Held, flatten
from ods_pipeline_tests.support.rooms import REAL_SOURCES, ROOMS
from ods_pipeline_tests.support.running import Argument, Main

REPOSITORY = Path(__file__).resolve().parent.parent

# The same examples every time: a failure must be repeatable by whoever reads it.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    figures.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(figures.Figures())
    if not hasattr(config, "workerinput"):  # workers have it from the process that starts them
        os.environ[ROOMS] = tempfile.mkdtemp(prefix="ods_pipeline_tests_")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(ROOMS), ignore_errors=True)


@pytest.fixture(autouse=True)
def no_real_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has set for the real sources is not for tests."""
    for name in REAL_SOURCES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real ODS payloads, which is kept beside the repository and not in it."""
    folder = REPOSITORY.parent / "shared" / "ods-data"
    if not folder.is_dir():
        pytest.skip(f"the real ODS payloads lie beside the repository, and here is none of them: {folder}")
    return folder


@pytest.fixture(scope="session")
def sample_release() -> Path:
    """The zip of the committed sample."""
    (found,) = (SAMPLE / "trud").glob("*.zip")
    return found


@pytest.fixture(scope="session")
def sample_flats(sample_release: Path) -> list[Flat]:
    """Every capture of the committed sample, flattened once: the release, then the fetches in order."""
    fetches = sorted((SAMPLE / "ord").glob("fetch=*"))
    return [flatten(sample_release), *map(flatten_fetch, fetches)]


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """An empty data root to put captures into."""
    return Held(tmp_path)


@pytest.fixture
def run_main() -> Main:
    """``ods-pipeline …`` in this process; gives the exit code."""

    def main(*arguments: Argument) -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return main
