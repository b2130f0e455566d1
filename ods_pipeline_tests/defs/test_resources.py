"""The sources as a resource: the environment's, read when a step begins, and never shown."""

import dagster as dg
import pytest

from ods_pipeline.defs.resources import EnvironmentSources, environment_sources
from ods_pipeline.sources.settings import ORD_UAT, Sources, sources_from
from ods_pipeline_tests.support.rooms import REAL_SOURCES
from ods_pipeline_tests.support.simulated import KEY

SET = {"TRUD_API_KEY": KEY, "ODS_ORD_URL": "uat", "ODS_DELTAS_FROM": "both", "ODS_ORD_FORMAT": ""}


@pytest.mark.promise("no_key")
def test_steps_have_the_sources_of_the_environment_and_nobody_sees_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    resource = environment_sources(SET)
    assert KEY not in f"{resource!r} {resource.model_dump()}"
    with dg.build_resources({"sources": resource}) as resources:
        found = resources.sources
        assert isinstance(found, Sources)
        assert found.key is not None and found.key.reveal() == KEY
        assert (found.ord_url, found.deltas_from, found.odt_key) == (ORD_UAT, "both", None)
    assert {found.ord_url, found.odt_url} == {sources_from(SET).ord_url, sources_from(SET).odt_url}


def test_without_any_variable_the_sources_are_the_services() -> None:
    with dg.build_resources({"sources": environment_sources({})}) as resources:
        assert (resources.sources.key, resources.sources.ord_url) == (None, Sources().ord_url)


def test_every_variable_of_the_sources_is_a_field_of_the_resource() -> None:
    asked: set[str] = set()

    class Environment(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # ty: ignore[invalid-method-override]
            asked.add(name)
            return default

    sources_from(Environment())
    assert {name.upper() for name in EnvironmentSources.model_fields} == asked <= REAL_SOURCES
