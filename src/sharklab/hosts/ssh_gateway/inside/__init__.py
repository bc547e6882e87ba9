"""Programs that run inside the gateway's jail, each a file of its own, with nothing of sharklab beside them.

The supervisor copies them there, together with `hosts.door.protocol`.
"""
