"""What a run is asked to get: its options and keys decide which releases and whether deltas."""

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.wanted import Request, request_for
from ods_pipeline.sources.settings import Key, Sources
from ods_pipeline_tests.support.simulated import KEY


@pytest.mark.parametrize(
    ("key", "releases", "options", "expected"),
    [
        pytest.param(True, [], {}, (("latest",), True), id="a key alone does all"),
        pytest.param(True, [], {"trud_only": True}, (("latest",), False), id="TRUD only"),
        pytest.param(False, [], {}, ((), False), id="no key, nobody is asked"),
        pytest.param(False, [], {"deltas": True}, ((), True), id="deltas need no key"),
        pytest.param(True, ["a.zip"], {}, ((), False), id="a file asks nobody"),
        pytest.param(True, ["a.zip"], {"deltas": True}, ((), True), id="a file, and deltas"),
        pytest.param(True, [], {"recorded": True}, ((), False), id="recorded fetches ask nobody"),
        pytest.param(True, ["2026-08-28", "latest"], {}, (("2026-08-28", "latest"), True), id="two named"),
    ],
)
def test_the_options_decide_what_is_asked_for(
    key: bool, releases: list[str], options: dict[str, bool], expected: tuple[tuple[str, ...], bool]
) -> None:
    sources = Sources(key=Key(KEY) if key else None)
    files, request = request_for(sources, releases, **options)
    assert isinstance(request, Request)
    assert (request.releases, request.deltas) == expected
    assert [str(f) for f in files] == [r for r in releases if r.endswith(".zip")]


@pytest.mark.parametrize("named", [["latest"], ["2026-08-28"], []])
def test_without_a_key_trud_cannot_be_named(named: list[str]) -> None:
    with pytest.raises(OdsError, match=r"there is no TRUD key. Set TRUD_API_KEY"):
        request_for(Sources(), named, trud_only=not named)


def test_a_release_that_is_not_a_date_is_rejected() -> None:
    with pytest.raises(OdsError, match="2026-02-30 is not a date"):
        request_for(Sources(key=Key(KEY)), ["2026-02-30"])
