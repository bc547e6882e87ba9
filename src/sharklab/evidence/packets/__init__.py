"""From captures to facts: `read_all(paths)` gives recordings, `facts(recording)` what one shows."""

from sharklab.evidence.packets.facts import facts
from sharklab.evidence.packets.label import Label, name_packet
from sharklab.evidence.packets.read import read, read_all

__all__ = ["Label", "facts", "name_packet", "read", "read_all"]
