"""Programs with which root of a host tries to take the machine from all others, for some seconds (argv)."""

from __future__ import annotations

from collections.abc import Mapping

BEGIN = "import os, sys, time\nend = time.time() + float(sys.argv[1])\n"
VANDALS: Mapping[str, str] = {
    "processes that fork without end": """
while time.time() < end:
    try:
        os.fork()
    except OSError:
        pass
os._exit(0)
""",
    "a memory hog": """
while time.time() < end:
    if os.fork() == 0:
        held = [bytes([1]) * 2**24 for _ in range(1000)]
    os.wait()
""",
    "a full disk": """
block = bytes(2**20)
while time.time() < end:
    with open("/root/full", "wb") as file:
        try:
            while time.time() < end and file.tell() < 4 * 2**30:
                file.write(block)
        except OSError:
            pass
    os.unlink("/root/full")
""",
    "processors busy, 100 processes": """
for _ in range(99):
    if os.fork() == 0:
        break
while time.time() < end:
    pass
os._exit(0)
""",
}
