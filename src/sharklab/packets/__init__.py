"""From captures to facts: `read_all(paths)` gives recordings, `facts(recording)` what one shows."""

from sharklab.packets.facts import facts
from sharklab.packets.label import Label, name_packet
from sharklab.packets.read import read, read_all

__all__ = ["Label", "facts", "name_packet", "read", "read_all"]
