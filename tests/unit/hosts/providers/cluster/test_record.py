"""The record of a seat on a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import state
from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster import record
from sharklab.hosts.providers.cluster.record import SeatRecord
from tests.support.errors import error_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a seat."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    return state.folder(state.seat_folder("tp4", "ada"))


def test_record_is_read_as_it_was_written(folder: Path) -> None:
    """A seat without one is on no cluster."""
    assert record.read(folder) is None
    own = SeatRecord(
        "0a1b2c3d", "sharklab-x", "far", "m1", 1, ["server"], "virtual-machine", {"lan": "slxn0"}
    )
    record.write(folder, own)
    assert own == record.read(folder)
    assert [own] == list(record.all_records())


def test_each_round_has_names_of_its_own() -> None:
    """A host on a dead member keeps its name there."""
    own = SeatRecord("0a1b2c3d", "sharklab-x", round=2, hosts=["server"])
    assert "sl-0a1b2c3d-server-2" == own.instance("server")
    assert {"sl-0a1b2c3d-server-2"} == own.names()
    assert {"sl-0a1b2c3d-server", "sl-0a1b2c3d-server-1"} == own.earlier()


def test_damaged_record_is_an_error_of_its_seat_alone(folder: Path) -> None:
    """Other seats go on."""
    (folder / record.FILE).write_text('{"unknown": 1}')
    assert str(folder / record.FILE) == error_of(MachineryError, record.read, folder).place
    assert [] == list(record.all_records())
