"""Known advisories against the pinned packages, where a package index tells them (PyPI's JSON does)."""

import os
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# ODS_ADVISORIES=https://pypi.org; unset, nobody is asked: tests keep to loopback.
INDEX = os.environ.get("ODS_ADVISORIES", "")
# A release with advisories, to see that the index tells any.
KNOWN = ("jinja2", "3.1.2")


def advisories(client: httpx.Client, name: str, version: str) -> list[str]:
    answer = client.get(f"{INDEX}/pypi/{name}/{version}/json")
    answer.raise_for_status()
    told = answer.json().get("vulnerabilities", [])
    return [v["id"] for v in told if not v.get("withdrawn")]


@pytest.mark.slow
def test_no_pinned_package_has_a_known_advisory() -> None:
    if not INDEX:
        pytest.skip(
            "asks a package index: set ODS_ADVISORIES to one that tells advisories (https://pypi.org)"
        )
    pins = [
        line.split("==") for line in (REPOSITORY / "constraints.txt").read_text().splitlines() if "==" in line
    ]
    assert len(pins) > 50
    with httpx.Client(timeout=30, follow_redirects=True) as client:
        try:
            known = advisories(client, *KNOWN)
        except (httpx.HTTPError, ValueError) as error:
            pytest.skip(f"{INDEX} tells no advisories ({type(error).__name__}: {str(error)[:80]})")
        assert known, "a release that has advisories shows none: nothing would be proven"
        found = {f"{name} {version}": advisories(client, name, version) for name, version in pins}
    assert {package: ids for package, ids in found.items() if ids} == {}
