"""What `dagster dev` loads: the definitions of the data root that ODS_DATA_ROOT names, or ``data``.

Nothing else imports this module: loading it looks into that data root.
"""

import os
from pathlib import Path

from ods_pipeline.assembly import build_definitions

defs = build_definitions(Path(os.environ.get("ODS_DATA_ROOT") or "data"))
