"""The factory: the same seed gives the same bytes, the proportions are those published, the plan is true."""

import io
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.flatten.flat import Flat
from ods_pipeline.flatten.release import Origin, flatten_release
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline_tests.factory import FactoryRegister, flat_release, make_register, write_release, write_xml
from ods_pipeline_tests.factory.codes import anana, capacity, spell
from ods_pipeline_tests.factory.fetches import as_records
from ods_pipeline_tests.factory.files import as_read
from ods_pipeline_tests.factory.plan import FILLER_START, NATIONAL, counts_by_kind, kinds
from ods_pipeline_tests.support.builders import assert_conserved
from ods_pipeline_tests.support.payloads import organisation_xml

SCALE = 0.01
# The columns of captures that say where a release comes from. The others say what is in it.
RECEIVED = ["bytes", "sha256", "file_name"]


@pytest.fixture(scope="module")
def register() -> FactoryRegister:
    return make_register(SCALE)


@pytest.fixture(scope="module")
def zipped(register: FactoryRegister, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(register, tmp_path_factory.mktemp("factory"))


@pytest.fixture(scope="module")
def flat(zipped: Path) -> Flat:
    return flatten_release(zipped, Origin("file", 1, "0" * 64, False))


def test_the_same_seed_gives_the_same_zip_and_another_seed_another(
    register: FactoryRegister, zipped: Path, tmp_path: Path
) -> None:
    again = write_release(make_register(SCALE), tmp_path / "again")
    other = write_release(make_register(SCALE, seed=2), tmp_path / "other")
    assert again.name == zipped.name
    assert again.read_bytes() == zipped.read_bytes()
    assert other.read_bytes() != zipped.read_bytes()


def test_the_released_files_are_read_whole_without_any_oddity(flat: Flat) -> None:
    assert_conserved(flat)
    for name in ("quarantined_records", "unknown_elements", "collapsed_successions"):
        assert flat.frames[name].is_empty()


@pytest.mark.promise("audited")
def test_the_register_is_what_flattening_finds(register: FactoryRegister, flat: Flat) -> None:
    winners = register.organisations.filter(pl.col("loses").is_null())
    stored = [c for c in TABLES["organisations"].stored if c in winners.columns]
    flattened = flat.frames["organisations"]
    assert winners.select(stored).sort("ods_code").equals(flattened.select(stored))
    for name in COMPONENTS:
        kept = getattr(register, name).filter(pl.col("record").is_in(winners["record"].implode()))
        assert flat.frames[name].height == kept.height
    assert not flattened["ref_only"].any()


def test_every_stub_and_every_second_record_of_a_code_loses_for_its_own_reason(
    register: FactoryRegister, flat: Flat
) -> None:
    counts = NATIONAL.scaled(SCALE)
    reasons = dict(flat.frames["superseded_records"]["reason"].value_counts().iter_rows())
    planned = dict(register.organisations["loses"].drop_nulls().value_counts().iter_rows())
    assert planned == {"duplicate_code": 1, "reused_code": 1}
    stubs = counts.full_stubs + counts.archive_stubs
    assert reasons == {"stub_beaten_by_complete": stubs, **planned}


def test_a_flat_release_without_files_has_the_same_frames(register: FactoryRegister, flat: Flat) -> None:
    direct = flat_release(register)
    assert direct.folder == flat.folder
    for name, frame in flat.frames.items():
        left_out = RECEIVED if name == "captures" else []
        assert frame.drop(left_out).equals(direct.frames[name].drop(left_out)), name


def test_the_xml_is_what_the_payload_writer_would_write(register: FactoryRegister) -> None:
    for archive in (False, True):
        out = io.BytesIO()
        write_xml(register, archive, out)
        text = out.getvalue().decode("utf-8")
        frames = as_read(register, archive)
        records = {
            record["OrgId"]["extension"]: record
            for record in as_records(frames, frames["organisations"]["ods_code"].to_list())
        }
        every_tenth = frames["organisations"].filter(pl.col("record") % 10 != 0)
        for code in every_tenth["ods_code"].gather_every(7):
            assert organisation_xml(records[code]) in text, code


def test_some_addresses_have_a_hole(register: FactoryRegister) -> None:
    out = io.BytesIO()
    write_xml(register, False, out)
    text = out.getvalue().decode("utf-8")
    records = text.split("</Organisation>")
    holes = [r for r in records if "<AddrLn3>" in r and "<AddrLn2>" not in r]
    assert len(holes) == pytest.approx(0.03 * len(records), rel=0.4)
    assert "&amp;" in text
    assert "ST JOHN'S" in text


def test_the_counts_are_those_of_the_release_of_august_2026(register: FactoryRegister, flat: Flat) -> None:
    counts = NATIONAL.scaled(SCALE)
    captures = {row["kind"]: row for row in flat.captures.rows(named=True)}
    assert captures["full"]["declared_records"] == counts.full_records == 3_062
    assert captures["archive"]["declared_records"] == counts.archive_records == 867
    assert captures["full"]["stub_records"] == counts.full_stubs == 102
    assert captures["archive"]["stub_records"] == counts.archive_stubs == 117
    organisations = register.organisations
    assert (organisations["status"] == "Active").sum() == counts.active == 2_171
    assert register.roles.height == counts.roles == 5_293
    by_rel = dict(register.relationships["rel_id"].value_counts().iter_rows())
    assert by_rel == dict(counts.relationships)
    assert sum(by_rel.values()) == pytest.approx(7_695, abs=3)


def test_dates_and_codes_have_the_oddities_of_the_real_ones(register: FactoryRegister) -> None:
    counts, organisations = NATIONAL.scaled(SCALE), register.organisations
    active = organisations.filter(pl.col("status") == "Active")
    assert organisations["legal_start"].count() / organisations.height == pytest.approx(0.19, abs=0.005)
    assert (organisations["operational_start"] == FILLER_START).sum() == counts.filler_starts
    assert (active["legal_end"] < register.published).sum() == counts.active_past_legal_end
    assert (active["operational_end"] > register.published).sum() == counts.active_with_future_end
    assert (register.relationships["operational_start"] > register.published).any()
    new = organisations.filter(pl.col("ods_code").str.contains(r"^[A-Z]\d[A-Z]\d[A-Z]$"))
    assert new.height > 100
    assert organisations["ods_code"].str.len_chars().is_between(3, 9).all()
    sites = organisations.filter(pl.col("primary_role_id") == "RO198").join(
        organisations.select(pl.col("record").alias("operator"), pl.col("ods_code").alias("trust")),
        on="operator",
    )
    own = sites.filter(pl.col("ods_code").str.starts_with(pl.col("trust"))).height
    assert own / sites.height == pytest.approx(29_399 / 38_093, abs=0.1)


def test_an_end_never_comes_before_its_start(register: FactoryRegister) -> None:
    for name in ("organisations", "roles", "relationships"):
        frame = getattr(register, name)
        for kind in ("legal", "operational"):
            assert frame.filter(pl.col(f"{kind}_end") < pl.col(f"{kind}_start")).is_empty(), (name, kind)


def test_successions_split_form_circles_and_are_on_both_records(register: FactoryRegister) -> None:
    rows = register.successions
    old = rows.filter(pl.col("succession_type") == "Successor").select("record", "target")
    new = rows.filter(pl.col("succession_type") == "Predecessor").select(
        pl.col("target").alias("record"), pl.col("record").alias("target")
    )
    edges = pl.concat([old, new]).unique()
    assert edges.height == pytest.approx(NATIONAL.scaled(SCALE).successions, abs=2)
    assert rows.height > 1.8 * edges.height
    assert edges.group_by("record").len()["len"].max() > 1
    assert edges.filter(pl.col("record") == pl.col("target")).height == 1
    back = edges.rename({"record": "target", "target": "record"}).select("record", "target")
    assert edges.filter(pl.col("record") != pl.col("target")).join(back, on=["record", "target"]).height == 2
    assert rows["unique_succ_id"].null_count() > 0


def test_every_kind_has_its_share_and_every_role_id_is_used(register: FactoryRegister) -> None:
    assert sum(kind.national for kind in kinds().values()) == NATIONAL.organisations == 370_917
    assert kinds()["trust_site"].national == 38_093
    assert counts_by_kind(370_917) == {name: kind.national for name, kind in kinds().items()}
    assert register.roles["role_id"].n_unique() > 180
    assert set(register.roles["role_id"]) <= set(as_known())


def as_known() -> pl.Series:
    facts = pl.read_csv(Path(__file__).parents[2] / "data" / "sample" / "facts" / "code_systems.csv")
    return facts.filter(pl.col("code_system") == "role")["id"]


def test_no_two_shapes_share_a_code() -> None:
    """Compare every shape with every other, character by character, with the operator's code filled in."""
    characters = {"#": set("0123456789"), "@": set("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "^": set("ABCDEFGHJKLMNP")}
    characters |= {"*": characters["#"] | characters["@"], "!": set("DGHJKLSWXZ")}
    shapes: dict[str, list[set[str]]] = {"anana": [characters[c] for c in "!#@#@"]}
    for name, kind in kinds().items():
        whole = kind.shape.replace("+", kinds()[kind.operator].shape) if kind.operator else kind.shape
        shapes[name] = [characters.get(c, {c}) for c in whole] if " " not in whole else []
    names = list(shapes)
    for n, name in enumerate(names):
        for other in names[n + 1 :]:
            alike = len(shapes[name]) == len(shapes[other]) > 0
            meets = alike and all(a & b for a, b in zip(shapes[name], shapes[other], strict=True))
            assert not meets, (name, other)


def test_codes_of_a_shape_are_distinct_and_end_with_its_capacity() -> None:
    assert capacity("^8####") == 140_000
    assert spell("#@", [0, 25, 259]).tolist() == ["0A", "0Z", "9Z"]
    first = anana(range(100_000)).tolist()
    assert len(set(first)) == len(first)
