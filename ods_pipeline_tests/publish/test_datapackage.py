"""datapackage.json follows the Data Package standard, as the reference library ``frictionless`` reads it.

Lives here: the descriptor as a whole. Does not live here: whether rows, bytes and hashes are right
(``test_publish.py``).
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from frictionless import FrictionlessException, Package, fields

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import sample_root

Descriptor = dict[str, Any]
KINDS = {
    "string": fields.StringField,
    "date": fields.DateField,
    "integer": fields.IntegerField,
    "boolean": fields.BooleanField,
    "number": fields.NumberField,
    "array": fields.ArrayField,
}


@pytest.fixture(scope="module")
def descriptor() -> Descriptor:
    return json.loads((sample_root().path / "datapackage.json").read_bytes())


def read(descriptor: Descriptor) -> Package:
    """The package as the library reads it. Raises FrictionlessException if the descriptor is not valid."""
    return Package.from_descriptor(descriptor, basepath=str(sample_root().path))


def test_the_sample_s_datapackage_is_valid(descriptor: Descriptor) -> None:
    package = read(descriptor)
    assert package.resource_names == [*TABLES, "ods"]
    for table in TABLES.values():
        resource = package.get_resource(table.id)
        assert resource.schema.field_names == table.columns
        assert resource.schema.primary_key == table.key
        written = next(r for r in descriptor["resources"] if r["name"] == table.id)["schema"]["fields"]
        for field, entry in zip(resource.schema.fields, written, strict=True):
            assert isinstance(field, KINDS[entry["type"]])


def first_table(change: Callable[[Descriptor], object]) -> Callable[[Descriptor], object]:
    return lambda descriptor: change(descriptor["resources"][0])


@pytest.mark.parametrize(
    "damage",
    [
        first_table(lambda table: table["schema"]["fields"][0].update(type="varchar")),
        first_table(lambda table: table["schema"].update(primaryKey=["no_such_column"])),
        first_table(lambda table: table.update(name="roles")),
        first_table(lambda table: table.update(name="Not A Name")),
        first_table(lambda table: table.update(path="/outside")),
        first_table(lambda table: table.update(bytes="many")),
        lambda package: package.update(licenses=[{"title": "no name and no path"}]),
    ],
    ids=["type", "key", "name twice", "name", "path", "bytes", "licence"],
)
def test_the_library_rejects_a_descriptor_that_breaks_the_standard(
    descriptor: Descriptor, damage: Callable[[Descriptor], object]
) -> None:
    damaged = copy.deepcopy(descriptor)
    damage(damaged)
    with pytest.raises(FrictionlessException):
        read(damaged)
