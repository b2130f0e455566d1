"""Which of several rows with one key is kept is never left to chance, which differs from run to run."""

import ast
from pathlib import Path

import pytest

import ods_pipeline

PACKAGE = Path(ods_pipeline.__file__).parent


def leaves_a_choice(call: ast.Call) -> bool:
    """Return whether a call is a ``unique`` of Polars that leaves open which of several rows is kept."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "unique":
        return False
    if ast.unparse(call.func.value) == "np":
        return False
    said = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if not call.args and "subset" not in said:
        return False
    return said.get("keep") not in ("'first'", "'last'") or said.get("maintain_order") != "True"


@pytest.mark.promise("same_bytes")
def test_where_rows_share_a_key_the_code_says_which_is_kept() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and leaves_a_choice(node)
    ]
    assert found == []
