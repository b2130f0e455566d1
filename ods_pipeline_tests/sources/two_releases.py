"""What TRUD offers in its tests: two releases, their names, and the content of the newer one."""

import hashlib

OLD, NEW = (f"hscorgrefdataxml_data_{m}.0.0_2026{m:02}28000001.zip" for m in (7, 8))
CONTENT = hashlib.shake_256(b"a release").digest(700_000)
