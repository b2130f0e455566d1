"""What the next build needs beyond the published set: receipts and marks of the captures folded in.

Lives here: packing them into one archive, and unpacking it into an empty data root. Does not live here: raw
files and flat tables themselves. A data root with the archive alone adds captures to the published history.
It cannot rebuild history, because the records of old captures are not in it: their flat folders hold
``captures`` only and are marked so (``dataroot/flat.py``).
"""

import io
import json
import tarfile
import tempfile
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.files import flush
from ods_pipeline.dataroot.flat import MARK, flat_folders
from ods_pipeline.dataroot.layout import RECEIPT, DataRoot
from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.errors import OdsError

_CAPTURES = "captures.parquet"
# Later captures are compared with these (inventory/vanished.py, aside.py): small tables whole, and of the
# organisations the codes.
_WHOLE, _CODES = ("notices", "quarantined_records"), ("organisations",)


def pack_state(root: DataRoot, archive: Path) -> None:
    """Write the archive of a data root. The same files give the same bytes.

    It has the receipts of ``raw/``, and for each flat folder its mark, its ``captures`` table and its codes.
    """
    wanted = sorted(root.raw_releases.glob("*.json")) + sorted(root.raw_fetches.glob(f"fetch=*/{RECEIPT}"))
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for file in wanted:
            _add(tar, str(file.relative_to(root.path)), file.read_bytes())
        for folder in flat_folders(root):
            name = folder.relative_to(root.path)
            mark = json.loads((folder / MARK).read_bytes())
            kept = [name for name in (*_WHOLE, *_CODES) if name in mark["tables"]]
            mark |= {"tables": ["captures", *kept], "is_partial": True}
            _add(tar, f"{name}/{MARK}", (json.dumps(mark, indent=2) + "\n").encode())
            _add(tar, f"{name}/{_CAPTURES}", (folder / _CAPTURES).read_bytes())
            for table in kept:
                if table in _WHOLE:
                    _add(tar, f"{name}/{table}.parquet", (folder / f"{table}.parquet").read_bytes())
                    continue
                with tempfile.NamedTemporaryFile() as file:
                    frame = pl.read_parquet(folder / f"{table}.parquet", columns=["ods_code"])
                    write_parquet(frame, Path(file.name))
                    _add(tar, f"{name}/{table}.parquet", Path(file.name).read_bytes())
    flush(archive)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    tar.addfile(member, io.BytesIO(content))


def unpack_state(root: DataRoot, content: bytes) -> None:
    """Write the files of an archive into a data root. A file that is there already stays.

    Raises:
        OdsError: The archive is damaged, or names files outside of the data root.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for member in tar:
                target = root.path / member.name
                if not member.isfile() or ".." in Path(member.name).parts or Path(member.name).is_absolute():
                    raise OdsError(
                        f"the archive holds {member.name!r}, which is not a file of a data root",
                        do="Publish the build again from its own data root, then pull again",
                    )
                stream = tar.extractfile(member)
                if stream is None or target.exists():
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(stream.read())
    except (tarfile.TarError, OSError, EOFError) as error:
        raise OdsError(f"the archive of the build's state is damaged ({error})", do="Pull again") from error
