"""A lease of an address: its messages, their order, and whose they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharklab.author.capture_damage import DAMAGES
from sharklab.checks import dhcp
from sharklab.checks.kind import KINDS, Need
from sharklab.checks.outcome import Outcome, Reference, Status
from sharklab.evidence.packets import facts
from sharklab.evidence.packets.model import DecodedCapture, Endpoint, Facts
from tests.support.checks_sample import ASKED, Sample, shown, without, words

LEASE = "dhcp.pcap"
WHOLE = ["discover", "offer", "request", "ack"]


def of(changed: Facts, *messages: str) -> Outcome:
    """Return what the check says of other facts of the capture."""
    return Sample([LEASE], facts={LEASE: changed}).check("dhcp", messages=list(messages))


def test_lease_names_its_packets() -> None:
    """A discovery that was sent twice counts once; the packets are the first that come in order."""
    outcome = Sample([LEASE]).check("dhcp", messages=WHOLE)
    assert (Status.PASSED, "Packets 1, 2, 5, 6: discover, offer, request, ack.") == (
        outcome.status,
        words(outcome),
    )
    assert (Reference(capture=LEASE, packets=(1, 2, 5, 6)),) == outcome.evidence


@pytest.mark.parametrize(
    ("missing", "messages", "said"),
    [
        ((6,), WHOLE, "Packets 1, 2, 5: discover, offer, request. No ack follows with this transaction id."),
        ((), ["nak"], "There is no nak."),
        ((), ["request", "offer"], "Packets 5: request. No offer follows with this transaction id."),
    ],
)
def test_what_is_missing_is_said(missing: tuple[int, ...], messages: list[str], said: str) -> None:
    """As far as the messages came, and the one that did not."""
    outcome = of(without(LEASE, *missing), *messages)
    assert (Status.FAILED, said) == (outcome.status, words(outcome))


def test_messages_of_two_transactions_are_no_lease() -> None:
    """An acknowledgement of another host's request, or of another try, has another id."""
    last = shown(LEASE).packet(6)
    other = replace(last, info=last.info.replace("0x65da8227", "0x65da8228"))
    changed = facts(DecodedCapture((*shown(LEASE).packets[:5], other)))
    assert Status.FAILED is of(changed, *WHOLE).status


def test_server_is_the_one_of_the_exercise() -> None:
    """An offer of another server does not count; without a conversation, any does."""
    strange = tuple(
        replace(packet, source=Endpoint("10.77.5.9", 67)) if packet.source.port == 67 else packet
        for packet in shown(LEASE).packets
    )
    changed = facts(DecodedCapture(strange))
    assert "Packets 1: discover. No offer follows with this transaction id." == words(of(changed, *WHOLE))
    anyone = Sample([LEASE], None, facts={LEASE: changed})
    assert Status.PASSED is anyone.check("dhcp", messages=WHOLE).status


def test_frames_are_of_the_cards_of_the_exercise() -> None:
    """A capture of another seat shows other cards, also where a client has no address yet."""
    other = Sample([LEASE], replace(ASKED, client="desktop", server="desktop"))
    for sample in (other, Sample(["icmp.pcap"])):
        outcome = sample.check("dhcp", messages=["discover"])
        found = "No packet of DHCP is of the exercise's hosts."
        assert (Status.FAILED, found) == (outcome.status, words(outcome))


def test_proof_takes_the_answers_away() -> None:
    """The fault breaks a check that waits for a server, and no other one."""
    assert [2, 4, 6] == list(dhcp.answers(shown(LEASE).packets))
    needs = KINDS["dhcp"].needs_of
    assert Need.LEASE in needs({"messages": WHOLE}, LEASE)
    assert Need.LEASE not in needs({"messages": ["discover"]}, LEASE)
    assert frozenset({Need.LEASE}) == DAMAGES["no-lease"].takes
