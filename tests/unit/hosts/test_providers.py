"""The table of providers."""

from __future__ import annotations

from sharklab.errors import InputError
from sharklab.hosts import providers
from tests.support.errors import error_of


def test_get_of_each_provider() -> None:
    """Each has the name by which it is found."""
    names = ["auto", "cluster", "existing", "nspawn", "qemu"]
    assert names == sorted(providers.by_name()) == [providers.get(name).name for name in names]


def test_get_of_an_unknown_provider() -> None:
    """The error names those that there are."""
    error = error_of(InputError, providers.get, "docker")
    assert ("--provider", {"name": "docker", "known": "auto, cluster, existing, nspawn, qemu"}) == (
        error.place,
        error.values,
    )
