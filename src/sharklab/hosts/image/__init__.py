"""Root file systems of hosts: a base image per operating system, and a baked layer per host of a lab.

    images/<os>-<hash>/root                     the base image
    images/<os>-<hash>/<lab>-<hash>/<host>/     what baking changed on a host: an overlay's upper folder

Both are kept until one of their sources changes; the hash in the name stands for all sources.
"""

from __future__ import annotations

from sharklab.hosts.image.build import RUN_ROLES, base, fingerprint, packages_of, read, repositories_of
from sharklab.hosts.image.model import NOTHING, Image, Layers
from sharklab.hosts.image.systems import system_of

__all__ = [
    "NOTHING",
    "RUN_ROLES",
    "Image",
    "Layers",
    "base",
    "fingerprint",
    "packages_of",
    "read",
    "repositories_of",
    "system_of",
]
