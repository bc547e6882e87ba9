"""Give a verb what it needs before it starts: root's rights, and the system packages it uses."""

from __future__ import annotations

from collections.abc import Mapping

from sharklab.i18n import Translator
from sharklab.lab.model import Lab

NEEDS: Mapping[str, tuple[str, ...]] = {
    "image build": ("image", "hosts"),
    "up": ("image", "hosts"),
    "vms": ("machines", "seeds"),
    "run": ("image", "hosts", "packets"),
    "seats up": ("image", "hosts"),
    "seats check": ("hosts", "packets"),
    "seats run": ("image", "hosts", "packets"),
    "seats reset": ("hosts",),
    "seats down": ("hosts",),
    "solve": ("hosts",),
    "reset": ("hosts",),
    "shell": ("hosts",),
    "capture": ("hosts", "packets"),
    "fetch": ("hosts", "packets"),
    "lint": ("packets",),
    "report": ("packets",),
    "grade": ("packets",),
    "check": ("packets",),
    "serve": ("hosts", "packets"),
    "explain": ("packets",),
    "down": ("hosts",),
    "gateway start": ("hosts", "gateway", "packets"),
    "test": (
        "image",
        "hosts",
        "gateway",
        "internet",
        "machines",
        "seeds",
        "rocky",
        "cluster",
        "packets",
        "test",
    ),
}
"""The work that each verb does, by the groups of system_packages.toml; other verbs need nothing."""

AS_ROOT = frozenset(
    {"image build", "up", "run", "solve", "reset", "shell", "capture", "fetch", "down", "serve", "test"}
    | {"seats up", "seats status", "seats check", "seats run", "seats reset", "seats down"}
    | {"seats sleep", "seats wake", "seats help", "seats terminals"}
    | {"seats message", "seats feedback"}
    | {"gateway start", "gateway stop", "gateway status", "gateway logins"}
)
"""The verbs that need root where the hosts are containers of this machine."""

ROOTLESS_PROVIDERS = frozenset({"existing"})
"""Providers whose hosts are not of this machine."""


MACHINES: Mapping[str, str] = {"qemu": "machines", "auto": "machines"}
"""The further needs of providers, for the verbs that make hosts."""

MAKE_HOSTS = frozenset({"image build", "up", "run", "seats up"})
MAKE_SEATS = frozenset({"up", "run", "seats up"})
"""The verbs whose hosts have the Internet access that their lab asks for; images are made without."""


def prepare(verb: str, provider: str, words: Translator, lab: str | None = None, os: str = "") -> None:
    """Make sure that `verb` can do its work with `provider`, and say so where that takes something.

    `os` is the operating system of hosts that the verb makes, if it makes any.

    Without root's rights, a verb that needs them is started anew through sudo: then this does not
    return. Raises MachineryError, with what to do by hand, where sudo or an installation fails, and
    InputError for a `lab` that is wrong: the user gets this error before any question for a password.
    """
    from sharklab import privilege, system_packages

    local = provider not in ROOTLESS_PROVIDERS
    works = [work for work in NEEDS.get(verb, ()) if local or work == "packets"]
    works += [MACHINES[provider]] if verb in MAKE_HOSTS and provider in MACHINES else []
    if verb in MAKE_HOSTS and "image" in works and _is_rocky(os):
        works[works.index("image")] = "rocky"
    works += ["internet"] if verb in MAKE_SEATS and local and lab and _has_way_out(lab) else []
    needs_root = verb in AS_ROOT and local and not privilege.is_root()
    if not needs_root and not system_packages.list_missing(works):
        return
    if lab:
        _load(lab)
    if needs_root:
        privilege.become_root(words)
    system_packages.need(works, words)


def _is_rocky(os: str) -> bool:
    """Tell whether images of `os` are Rocky's; the meaning of `auto` is looked up only where it decides."""
    from sharklab import system_packages
    from sharklab.hosts.image import choice

    if os == choice.AUTO and system_packages.manager() == "dnf" and system_packages.list_missing(["image"]):
        os, _ = choice.choose()
    return os.startswith("rocky")


def _has_way_out(lab: str) -> bool:
    return any(network.internet for network in _load(lab).networks)


def _load(lab: str) -> Lab:
    from sharklab.author import lint

    return lint.load_named(lab)
