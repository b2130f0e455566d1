"""What `dagster dev` loads: the definitions of the data root that ODS_DATA_ROOT names, or ``data``, with the
sources that the environment names.

Nothing else imports this module: loading it looks into that data root.
"""

import os
from pathlib import Path

from ods_pipeline.dataroot.umask import keep_to_ourselves
from ods_pipeline.defs.assembly import UNATTENDED, build_definitions
from ods_pipeline.sources.settings import sources_from

keep_to_ourselves()
defs = build_definitions(
    Path(os.environ.get("ODS_DATA_ROOT") or "data"), sources=sources_from(os.environ), retries=UNATTENDED
)
