"""The seats of a class: those that are worked on together. The verbs have tests of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.cli import classroom, flow
from sharklab.errors import MachineryError
from sharklab.hosts import inventory, playbook
from sharklab.hosts.providers.provider import NewHosts


@pytest.mark.parametrize(
    ("seats", "workers", "sizes"),
    [(0, 2, []), (1, 2, [1]), (5, 2, [3, 2]), (30, 2, [15, 15]), (40, 2, [15, 15, 10]), (3, 8, [1, 1, 1])],
)
def test_chunks_keep_all_threads_at_work(
    seats: int, workers: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are few, because each starts Ansible, and no larger than their limit."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    monkeypatch.setattr(classroom, "_workers", lambda: workers)
    plans = [flow.look_up("ports", "ada")] * seats
    assert sizes == [len(chunk) for chunk in classroom._chunks(plans)]


def test_failures_belong_to_the_seats_of_their_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where no task of a host failed, the playbook itself did: then it is the error of each seat."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path))
    plans = [flow.look_up("ports", student) for student in ("ada", "bob")]
    disks = {host.name: None for host in plans[0].hosts}
    new = [(plan, NewHosts(disks, {})) for plan in plans]  # type: ignore[arg-type]
    error = playbook.PlaybookFailed("no Ansible")
    assert {"ada": error, "bob": error} == classroom._failures(new, error)
    error.failures = {inventory.class_name(plans[1], plans[1].hosts[0].name): "Task: no"}
    [(student, found)] = classroom._failures(new, error).items()
    assert isinstance(found, MachineryError)
    assert ("bob", plans[1].hosts[0].name, "Task: no") == (
        student,
        found.values["host"],
        found.values["said"],
    )
