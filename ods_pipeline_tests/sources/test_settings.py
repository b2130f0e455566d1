"""How the environment configures the sources, and that a key shows nowhere."""

import pickle
from dataclasses import replace
from typing import get_args

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.schema import TABLES
from ods_pipeline.sources import deltas
from ods_pipeline.sources.settings import (
    ORD_PRODUCTION,
    ORD_UAT,
    TRUD,
    DeltasFrom,
    Key,
    Manners,
    deltas_from,
    sources_from,
)


def test_without_anything_the_sources_are_production_without_a_key() -> None:
    sources = sources_from({})
    assert (sources.ord_url, sources.trud_url, sources.key) == (ORD_PRODUCTION, TRUD, None)
    assert (sources.payload_format, sources.ignore_maintenance) == ("json", False)


def test_uat_and_local_are_named_by_the_environment() -> None:
    assert sources_from({"ODS_ORD_URL": "uat"}).ord_url == ORD_UAT
    local = {"ODS_ORD_URL": "http://127.0.0.1:8341/ORD/2-0-0/", "ODS_ORD_FORMAT": "XML"}
    sources = sources_from(local)
    assert (sources.ord_url, sources.payload_format) == ("http://127.0.0.1:8341/ORD/2-0-0", "xml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ODS_ORD_URL", "ftp://somewhere"),
        ("ODS_ORD_URL", "somewhere"),
        ("ODS_TRUD_URL", "https://user:word@somewhere"),
        ("ODS_TRUD_URL", "http://[::1"),
        ("ODS_ORD_FORMAT", "csv"),
        ("TRUD_API_KEY", "a key with spaces"),
        ("TRUD_API_KEY", "../../other"),
    ],
)
def test_a_bad_value_is_rejected_without_showing_it(name: str, value: str) -> None:
    with pytest.raises(OdsError, match=name) as caught:
        sources_from({name: value})
    assert name == "ODS_ORD_FORMAT" or value not in str(caught.value)


@pytest.mark.promise("no_key")
def test_a_key_shows_nowhere_and_is_never_written_down() -> None:
    sources = sources_from({"TRUD_API_KEY": " abcd1234\n"})
    assert sources.key is not None
    assert sources.key.reveal() == "abcd1234"
    shown = [repr(sources), str(sources), repr(sources.key), f"{sources.key}", repr(replace(sources))]
    assert not [text for text in shown if "abcd1234" in text]
    assert sources.key.hide_in("the key abcd1234 is bad") == "the key (key) is bad"
    with pytest.raises(TypeError, match="never written down"):
        pickle.dumps(Key("abcd1234"))


@pytest.mark.promise("polite")
def test_the_interval_lets_four_requests_into_a_second_and_no_fifth() -> None:
    assert 1.1 < 4 * Manners().interval < 1.3


def test_every_delta_source_can_be_chosen_and_be_the_source_of_a_capture() -> None:
    names = set(get_args(DeltasFrom)) - {"both"}
    assert names == set(deltas._SOURCES) <= set(TABLES["captures"].model.columns()["source"].values)
    assert {deltas_from(name.upper()) for name in names} == names
    with pytest.raises(OdsError, match=r"which is not a delta source. Set it to ord, odt or both"):
        deltas_from("folder")
