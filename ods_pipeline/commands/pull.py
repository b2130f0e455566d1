"""`ods-pipeline pull`: see ``publish.py``, which has what both share."""

from ods_pipeline.commands.publish import pull

__all__ = ["pull"]
