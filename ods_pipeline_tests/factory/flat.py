"""Writes a register straight to ``flat/``, without zip and XML. Benchmarks over a year of releases use it.

A test compares the frames with those flattened from the files: they are equal, hashes included.
"""

import hashlib
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.flat import write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.flat import Flat, Pile, fingerprinted
from ods_pipeline.flatten.release import Origin, assemble
from ods_pipeline.flatten.rules import PROBLEM_SCHEMA
from ods_pipeline.flatten.xml.document import Document
from ods_pipeline.flatten.xml.manifest import read_manifest
from ods_pipeline.schema.versions import FLAT_VERSION
from ods_pipeline_tests.factory.files import as_read, in_pieces
from ods_pipeline_tests.factory.register import FactoryRegister
from ods_pipeline_tests.factory.xml import head_and_tail

# Completes the head of a file, which stops where the records begin.
CLOSE = b"</Organisations></HSCOrgRefData:OrgRefData>"
_PROBLEM_COLUMNS = {**PROBLEM_SCHEMA, "ods_code": pl.String, "name": pl.String, "payload": pl.String}


def flat_release(register: FactoryRegister) -> Flat:
    """Return what flattening the register's release would return.

    The zip is never written: its size is 0, and its checksum comes from the seed and the day.
    """
    name = f"factory-{register.seed}-{register.released}"
    origin = Origin("file", 0, hashlib.sha256(name.encode()).hexdigest(), False)
    read = []
    first = 0
    for archive in (False, True):
        frames = as_read(register, archive)
        records = frames["organisations"].height
        kind = "archive" if archive else "full"
        manifest = read_manifest(head_and_tail(register, archive, records)[0] + CLOSE, name)
        pile = Pile(f"release={register.released}/{kind}", kind, name, first)
        for piece in in_pieces(frames):
            pile.add(fingerprinted(_document(piece, pile.records)))
        first += records
        read.append((manifest, pile))
    return assemble(read, str(register.released), origin, name)


def write_flat_release(register: FactoryRegister, root: DataRoot) -> Path:
    """Write ``flat/release=…`` of the register, and return the folder."""
    flat = flat_release(register)
    mark = {"flat_version": FLAT_VERSION, "input_sha256": flat.captures["sha256"][0]}
    return write_flat(root, flat.folder, flat.frames, mark)


def _document(piece: dict[str, pl.DataFrame], first: int) -> Document:
    frames = {name: frame.with_columns(pl.col("record") - first) for name, frame in piece.items()}
    records = frames["organisations"].height
    return Document(records, frames, pl.DataFrame(schema=_PROBLEM_COLUMNS), {})
