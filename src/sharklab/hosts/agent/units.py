"""The running units of systemd, and the way back to those that ran before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sharklab.hosts.agent.tool import Failures, output

PROPERTIES = ("Id", "ActiveState", "UnitFileState", "InvocationID", "Type", "RemainAfterExit")
CHOSEN = ("enabled", "enabled-runtime", "disabled", "indirect", "linked", "masked", "masked-runtime")
"""States of unit files that an administrator can enable and disable."""

ACTIVE = ("active", "activating", "reloading")
Unit = Mapping[str, str]

DUTY = (
    *("Id", "ActiveState", "SubState", "UnitFileState", "Type", "RemainAfterExit", "WantedBy", "RequiredBy"),
    *("ConditionResult", "ConditionTimestampMonotonic"),
)
"""The properties that tell whether a unit should be active (systemctl(1), org.freedesktop.systemd1(5))."""


def state() -> dict[str, Any]:
    """Return every unit that an administrator can enable or disable, and the id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return {"boot": file.read().strip(), "units": _units()}


def is_active(before: Mapping[str, Any], *names: str) -> bool:
    """Tell whether one of the services `names` runs in the state `before`."""
    return any(_is_active(before["units"].get(f"{name}.service", {})) for name in names)


def stop_new(before: Mapping[str, Any], failures: Failures) -> list[str]:
    """Stop the units that run now and did not before."""
    new = [name for name, unit in _units().items() if _is_active(unit) and not _was_active(before, name)]
    for name in new:
        failures.run(["systemctl", "stop", name])
    return new


def start_missing(before: Mapping[str, Any], failures: Failures) -> list[str]:
    """Start the units that ran before and do not run now."""
    now = _units()
    missing = [
        name for name in before["units"] if _was_active(before, name) and not _is_active(now.get(name, {}))
    ]
    for name in missing:
        failures.run(["systemctl", "start", name])
    return missing


def restart_restarted(before: Mapping[str, Any], failures: Failures) -> list[str]:
    """Restart the services that were restarted during the seat, so that they read the restored files.

    After a reboot that would be all of them: `has_rebooted` tells.
    """
    if has_rebooted(before):
        return []
    changed = [
        name
        for name, unit in _units().items()
        if _was_active(before, name)
        and _is_active(unit)
        and unit["InvocationID"] != before["units"][name]["InvocationID"]
    ]
    for name in changed:
        failures.run(["systemctl", "restart", name])
    return changed


def has_rebooted(before: Mapping[str, Any]) -> bool:
    """Return True if the machine was rebooted since the state `before`."""
    return bool(state()["boot"] != before["boot"])


def list_stopped() -> list[str]:
    """Return the units that should be active and are not, sorted: failed ones, and enabled ones that ended.

    A service or a socket should be active if a target that is active wants it. One-shot services may end in
    success, and a unit may have a condition that this machine does not meet.
    """
    known = _show(DUTY, "*.service", "*.socket", "*.mount", "*.target")
    targets = {name for name, unit in known.items() if name.endswith(".target") and _is_active(unit)}
    return sorted(name for name, unit in known.items() if _is_failed(unit) or _is_missing(unit, targets))


def _is_failed(unit: Unit) -> bool:
    return unit.get("ActiveState") == "failed" or unit.get("SubState") == "auto-restart"


def _is_missing(unit: Unit, targets: set[str]) -> bool:
    wanted = {*unit.get("WantedBy", "").split(), *unit.get("RequiredBy", "").split()} & targets
    is_unmet = unit.get("ConditionResult") == "no" and unit.get("ConditionTimestampMonotonic", "0") != "0"
    is_on = unit.get("UnitFileState", "").startswith("enabled") and _stays_active(unit)
    return bool(wanted) and is_on and not is_unmet and not _is_active(unit)


def _units() -> dict[str, Unit]:
    known = _show(PROPERTIES, "*.service", "*.socket", "*.timer", "*.path")
    return {
        name: unit
        for name, unit in known.items()
        if unit.get("UnitFileState") in CHOSEN and _stays_active(unit)
    }


def _show(properties: Sequence[str], *patterns: str) -> dict[str, Unit]:
    """Return these properties of the units that systemd knows now, by name."""
    shown = output(["systemctl", "show", "--no-pager", f"--property={','.join(properties)}", *patterns])
    blocks = [_parse_block(block) for block in (shown or "").split("\n\n")]
    return {unit["Id"]: unit for unit in blocks if "Id" in unit}


def _parse_block(text: str) -> Unit:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _stays_active(unit: Unit) -> bool:
    """Tell whether the unit, once started, stays active: one-shot services mostly do not."""
    return unit.get("Type") != "oneshot" or unit.get("RemainAfterExit") == "yes"


def _was_active(before: Mapping[str, Any], name: str) -> bool:
    return _is_active(before["units"].get(name, {}))


def _is_active(unit: Unit) -> bool:
    return unit.get("ActiveState") in ACTIVE
