"""The one-way flow: history is computed from frames, and imports the schema and the errors only."""

import ast
from pathlib import Path

from ods_pipeline import history

ALLOWED = ("ods_pipeline.history", "ods_pipeline.schema", "ods_pipeline.errors")


def test_history_imports_only_the_schema_and_the_errors() -> None:
    for path in sorted(Path(history.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
        modules |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        own = {module for module in modules if module.startswith("ods_pipeline")}
        assert [module for module in sorted(own) if not module.startswith(ALLOWED)] == [], path
