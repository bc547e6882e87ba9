"""The shape of what `sharklab.evidence.host_state` sees on a host, for it may also come from a student."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


_LINE: Schema = {"type": "string", "maxLength": 4096}
_TEXT: Schema = {"type": "string", "maxLength": 262_144}
_LINES: Schema = {"type": "array", "items": _LINE, "maxItems": 4096}
_FLAG: Schema = {"type": "boolean"}

SCHEMA: Schema = _object(
    observed={"type": "number", "minimum": 0, "maximum": 1e11},
    services={"type": "object", "additionalProperties": _object(running=_FLAG, enabled=_FLAG)},
    firewall=_object(runtime=_TEXT, permanent=_TEXT),
    sockets=_LINES,
    mounts={"type": "array", "items": _object(path=_LINE, device=_LINE, type=_LINE), "maxItems": 4096},
    fstab=_LINES,
    exports=_TEXT,
    resolver=_LINES,
)
"""JSON schema of one host's observation: see `sharklab.evidence.host_state.Observer.everything`."""


def fault(seen: Any) -> str:
    """Return what is wrong with an observation, or nothing when it has the shape."""
    from jsonschema import Draft202012Validator  # late, because it is slow to import

    for error in Draft202012Validator(dict(SCHEMA)).iter_errors(seen):
        return f"at {error.json_path}, {error.message[:200]}"
    return ""
