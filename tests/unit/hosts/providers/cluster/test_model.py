"""The words of an engine as plain data."""

from __future__ import annotations

import pytest

from sharklab.hosts.providers.cluster.model import Member, MemberStatus, Pool, Power, Resources


@pytest.mark.parametrize(
    ("driver", "config", "clones"),
    [
        ("btrfs", {}, True),
        ("dir", {}, False),
        ("lvm", {}, True),
        ("lvm", {"lvm.use_thinpool": "false"}, False),
    ],
)
def test_pool_clones_or_copies(driver: str, config: dict[str, str], clones: bool) -> None:
    """A pool of directories unpacks every copy."""
    assert clones is Pool("p", driver, "Created", config, ()).clones


def test_words_that_nobody_knows_are_other() -> None:
    """A newer engine may have more states."""
    assert (Power.FROZEN, Power.LOST, Power.OTHER) == tuple(map(Power.of, ("Frozen", "Error", "Thawing")))
    assert (MemberStatus.BLOCKED, MemberStatus.OTHER) == tuple(map(MemberStatus.of, ("Blocked", "Joining")))


@pytest.mark.parametrize("status", MemberStatus)
def test_only_a_member_that_is_online_takes_new_instances(status: MemberStatus) -> None:
    """An evacuated one answers, but stays empty."""
    assert (status is MemberStatus.ONLINE) is Member("m1", status, "", "", "", {}).ready


def test_memory_that_is_left() -> None:
    """In bytes."""
    assert 6 == Resources(10, 4, 2).memory_free
