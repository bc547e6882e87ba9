"""The rows of worksheets that a gradebook filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.grading.gradebook import filled_rows, work_item


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    """They are no record of a student."""
    assert {} == filled_rows.read(tmp_path)
    rows = {"1001": ("1,93", "Zoé · é")}
    filled_rows.write(tmp_path, rows)
    assert rows == filled_rows.read(tmp_path)
    assert () == work_item.list_recorded(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"1001": "x"}', '{"1001": 3}', "\xff"])
def test_read_of_a_damaged_record_gives_no_row(tmp_path: Path, content: str) -> None:
    """The rows of the worksheet then count as the instructor's own."""
    filled_rows.write(tmp_path, {})
    [file] = (tmp_path / work_item.KEPT).rglob("*.json")
    file.write_text(content, encoding="latin-1")
    assert {} == filled_rows.read(tmp_path)
