"""From captures to facts: `read(container)` gives a recording, `facts(recording)` what it shows."""

from sharklab.evidence.packets.facts import facts
from sharklab.evidence.packets.label import Label, name_packet
from sharklab.evidence.packets.reader import read

__all__ = ["Label", "facts", "name_packet", "read"]
