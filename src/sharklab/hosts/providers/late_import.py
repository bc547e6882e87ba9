"""Load a module of Python when it is used, not when it is imported (importlib.util.LazyLoader).

This file is `sitecustomize` of a service in a container.
"""

import importlib.util
import sys
from importlib.machinery import PathFinder

LATE = ("urllib.request",)


class Late:
    """Find the modules of `LATE`."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Return the module's spec with a loader that waits; None for any other module."""
        spec = PathFinder.find_spec(name, path) if name in LATE else None
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, Late)
