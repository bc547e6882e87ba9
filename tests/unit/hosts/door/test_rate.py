"""How often one asker may ask."""

from __future__ import annotations

from sharklab.hosts.door.rate import Rate


def test_a_bucket_empties_and_fills_again() -> None:
    """Another name has a bucket of its own."""
    now = [0.0]
    rate = Rate(2, 0.5, clock=lambda: now[0])
    assert [True, True, False] == [rate.allows("alice") for _ in range(3)]
    assert rate.allows("bob")
    now[0] = 2.0
    assert [True, False] == [rate.allows("alice") for _ in range(2)]
    now[0] = 1000.0
    assert [True, True, False] == [rate.allows("alice") for _ in range(3)]
