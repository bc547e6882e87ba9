"""Plans: every template filled in, saved and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts import inventory
from sharklab.lab import load, plan_file, seat, template
from sharklab.lab.model import Plan
from sharklab.lab.plan import make_plan


@pytest.fixture
def alice() -> Plan:
    """Return the plan of tp4 for a known seat."""
    lab = load.named("tp4")
    return make_plan(lab, seat.derive(lab, "alice", bytes(range(32))))


def test_plan_leaves_no_template(alice: Plan) -> None:
    """Nothing of the plan is still to be filled in."""
    assert "{{" not in str(alice.lab.data)


def test_save_is_read_back(alice: Plan, tmp_path: Path) -> None:
    """A new process can go on from plan.json alone."""
    plan_file.save(alice, tmp_path)
    assert plan_file.read(tmp_path / "plan.json") == alice


def test_read_of_a_damaged_plan_names_the_file(tmp_path: Path) -> None:
    """A damaged plan is one clear error."""
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(MachineryError, match=r"plan\.json"):
        plan_file.read(tmp_path / "plan.json")


def test_fill_names_the_key_of_an_undefined_name() -> None:
    """A misspelt name is an error with file and key."""
    with pytest.raises(InputError) as caught:
        template.fill({"a": ["{{ seat.tokn }}"]}, {"seat": {}}, "lab.yml")
    assert caught.value.place == "lab.yml a.0"


def test_fill_does_not_run_code() -> None:
    """A template of a lab cannot reach Python."""
    with pytest.raises(InputError):
        template.fill("{{ ''.__class__.__mro__ }}", {}, "lab.yml")


def test_inventory_gives_each_host_its_own_captures_and_probes(alice: Plan) -> None:
    """A host hears of its own captures and probes only."""
    hosts = inventory.build(alice)["all"]["hosts"]
    assert "dns" in [capture["id"] for capture in hosts["client"]["capture_captures"]]
    assert "dns" not in [capture["id"] for capture in hosts["desktop"]["capture_captures"]]
