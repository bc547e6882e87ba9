"""The conversation that the answers mean, on the seat and in a capture of the student's own PC."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from sharklab.checks import QUESTIONS
from sharklab.checks.context import Context
from sharklab.checks.focus import find_focus
from sharklab.checks.outcome import Status
from sharklab.checks.question import answer
from sharklab.evidence.packets.model import Facts, Packet
from sharklab.grading.marking.answer_match import choose_conversations, move_to_declared, move_to_sole
from sharklab.grading.marking.case import gather
from sharklab.grading.marking.other_seats import OtherSeats
from sharklab.grading.marking.reading import is_right
from sharklab.lab.model import Check, ExpectedConversation
from tests.support.checks_sample import Sample
from tests.support.handed import Handed, handed
from tests.support.packets_sample import CLIENT, SERVER, packet, shown


@pytest.fixture(scope="module")
def pc(tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Return a submission of which the capture is from elsewhere, where the exercise allows it."""
    return handed(tmp_path_factory.mktemp("ssh")).on_another_seat().with_exercise(anywhere=True)


def test_moved_puts_the_hosts_at_the_declared_ends(pc: Handed) -> None:
    """Every check and every question goes on from there, and the exercise is pointed out."""
    seat = pc.case.context.plan.seat
    addresses = [str(seat.address(host, "lan").ipv4.ip) for host in ("client", "server")]
    assert ["10.77.5.1", "10.77.5.2"] == addresses
    result = pc.grade()
    assert (result.worth, ["elsewhere"]) == (result.points, [remark.kind for remark in result.remarks])


def test_assumed_puts_the_hosts_at_the_ends_of_the_one_conversation(pc: Handed) -> None:
    """Of the kind that the lab names; of another one they stay where they are."""
    for port, address in ((22, "10.77.5.2"), (23, "")):
        asked = ExpectedConversation("client", "server", "tcp", port)
        [case] = gather(pc.plan, pc.submission)
        exercise = replace(pc.exercise, conversation=asked)
        context = replace(case.context, plan=pc.plan, exercise=exercise, meant=())
        own = move_to_sole(context, {})
        assert (bool(address), bool(address)) == (own.plan.seat != pc.plan.seat, bool(own.meant))
        assert not address or address in own.addresses("server")


@pytest.mark.parametrize(
    ("wrong", "lost"),
    [
        ({"server_port": "443"}, {"server_port"}),
        ({"transport": "UDP"}, {"transport"}),
        ({"server_address": None}, {"server_address"}),
        ({"server_address": "192.0.2.9"}, {"server_address"}),
        ({"local_port": None}, {"local_port"}),
        ({"local_port": "50990", "transport": None}, {"local_port", "transport"}),
        ({"server_address": None, "local_port": None}, {"server_address", "local_port"}),
    ],
)
def test_moved_takes_a_wrong_answer_for_one_mistake(
    pc: Handed, wrong: dict[str, Any], lost: set[str]
) -> None:
    """The others still say which conversation is meant, and the packets are judged."""
    marks = pc.with_answers(**wrong).marks()
    assert lost == {name for name, mark in marks.items() if mark.status is not Status.PASSED}


@pytest.mark.parametrize(
    "wrong",
    [
        {"server_address": "192.0.2.9", "local_port": "50990"},
        {"server_address": "192.0.2.2"},
        {"server_address": None, "local_port": None, "server_port": "443"},
        {"server_address": None, "local_port": None, "transport": "UDP"},
    ],
)
def test_moved_needs_an_end_of_the_conversation(pc: Handed, wrong: dict[str, Any]) -> None:
    """With two wrong ends, without any, or with an end on the own seat, a capture is anybody's."""
    changed = pc.with_answers(**wrong)
    assert changed.plan.seat == changed.case.context.plan.seat
    assert 0.0 == changed.grade().points


def test_moved_takes_exchanged_ends_for_a_mistake_in_the_answers(pc: Handed) -> None:
    """The packets tell who is the server, and each answer of the other end says so."""
    [talk] = pc.case.context.facts["ssh"].conversations
    ends = {
        "server_address": talk.client.address,
        "server_port": str(talk.client.port),
        "local_port": str(talk.server.port),
    }
    marks = pc.with_answers(**ends).marks()
    assert set(ends) == {name for name, mark in marks.items() if mark.status is not Status.PASSED}
    assert all("other end" in marks[name].decision.found.msgid for name in ends)


def test_moved_needs_a_declaration(pc: Handed) -> None:
    """An exercise that asks for no address, or has no conversation, cannot say which one counts."""
    for undeclared in (pc.with_exercise(questions=()), pc.with_exercise(conversation=None)):
        assert undeclared.plan.seat == undeclared.case.context.plan.seat
        assert Status.FAILED is undeclared.decide(Check("handshake")).status


def test_moved_takes_a_conversation_over_ipv6(pc: Handed) -> None:
    """The ends of a conversation are IPv6 addresses as well."""
    from pathlib import Path

    data = Path(__file__).parents[3] / "data" / "ssh6.pcap"
    six = pc.with_capture(data)
    [talk, *_] = six.case.context.facts["ssh"].conversations
    answers = {
        "server_address": talk.server.address,
        "server_port": talk.server.port,
        "local_port": talk.client.port,
        "transport": "TCP",
    }
    context = move_to_declared(six.case.context, answers, None)
    assert talk.server.address == str(context.plan.seat.address("server", "lan").ipv6.ip)


def facts_of(*talks: list[Packet]) -> Facts:
    """Return the facts of a capture of several conversations, one after the other."""
    return shown([packet for talk in talks for packet in talk])


def connection(
    local: int, port: int = 22, whole: bool = True, data: int = 0, server: str = SERVER
) -> list[Packet]:
    """Return a connection with so many packets of data; one that is not whole has no handshake and no end."""
    made = partial(packet, local=local, port=port, ends=(CLIENT, server))
    opening = [
        made(">", "SYN", seq=0),
        made("<", "SYN", "ACK", seq=0, ack=1),
        made(">", "ACK", seq=1, ack=1),
    ]
    body = [made(">", "PSH", "ACK", seq=1 + i, ack=1, payload=1) for i in range(data)]
    end = [
        made(">", "FIN", "ACK", seq=1 + data, ack=1),
        made("<", "FIN", "ACK", seq=1, ack=2 + data),
        made(">", "ACK", seq=2 + data, ack=2),
    ]
    return [*opening, *body, *end] if whole else body


def of(facts: Facts, *questions: str, checks: tuple[Check, ...] = (Check("handshake"),)) -> Context:
    """Return an exercise between client and server whose capture shows `facts`."""
    context = Sample(["one"], facts={"one": facts}).context()
    return replace(context, exercise=replace(context.exercise, questions=questions, checks=checks))


@pytest.mark.parametrize("local", [50001, 50002])
def test_chosen_is_the_conversation_that_the_answers_fit(local: int) -> None:
    """Several connections of one exercise are in the capture: every one of them counts."""
    context = of(facts_of(connection(50001), connection(50002, data=9)), "local_port", "server_port")
    given = {"local_port": str(local), "server_port": "22"}
    focus = find_focus(choose_conversations(context, given))
    assert focus and local == focus.conversation.client.port
    assert str(local) == answer(QUESTIONS["local_port"], choose_conversations(context, given)).value
    assert is_right(choose_conversations(context, given), "local_port", given["local_port"], str(local))


def test_chosen_of_equal_conversations_is_the_one_that_shows_most() -> None:
    """The answers fit both: a connection from before the capture has more packets, and less to show."""
    context = of(facts_of(connection(50001, whole=False, data=20), connection(50002)), "server_port")
    focus = find_focus(choose_conversations(context, {"server_port": "22"}))
    assert focus and 50002 == focus.conversation.client.port
    assert "answers" in focus.note.msgid


def test_chosen_leaves_a_single_conversation_alone() -> None:
    """Nothing has to be chosen, whatever the answers are."""
    context = of(facts_of(connection(50001)), "server_port")
    assert context is choose_conversations(context, {})


@pytest.mark.parametrize("seats", [None, OtherSeats(frozenset(), frozenset())])
def test_moved_takes_the_other_transport_without_seats(seats: OtherSeats | None) -> None:
    """A student's own resolver may be asked over TCP, where the lab asks over UDP."""
    given = {"server_address": SERVER, "server_port": "22", "transport": "TCP"}
    context = of(facts_of(connection(50001)), *given)
    asked = ExpectedConversation("client", "server", "udp", 22)
    context = replace(context, exercise=replace(context.exercise, conversation=asked))
    found = move_to_declared(context, given, seats)
    assert (seats is None) is (find_focus(found) is not None)
    assert seats is None or found is context
    other = {**given, "server_address": "192.0.2.77", "server_port": "1"}
    assert context is move_to_declared(context, other, seats)


OTHER_NET = ip_network("10.77.5.0/24")
WRONG = {"server_address": "192.0.2.77", "server_port": "81", "local_port": "50990", "transport": "UDP"}
"""An answer to each question that is none of `connection`."""


@pytest.mark.parametrize("wrong", sorted(WRONG))
@pytest.mark.parametrize("seats", [None, OtherSeats(frozenset({"10.9.9.2"}), frozenset())])
def test_moved_lets_a_wrong_answer_cost_itself_alone(wrong: str, seats: OtherSeats | None) -> None:
    """In a course with seats and in one without; the other answers are right then, and the packets count."""
    right = {"server_address": SERVER, "server_port": "22", "local_port": "50001", "transport": "TCP"}
    context = move_to_declared(of(facts_of(connection(50001)), *right), {**right, wrong: WRONG[wrong]}, seats)
    keys = {name: answer(QUESTIONS[name], context).value for name in right}
    assert right == keys


@pytest.mark.parametrize("server", ["8.8.8.8", "192.0.2.66"])
@pytest.mark.parametrize("local", ["50001", "50990"])
def test_moved_takes_the_address_of_another_conversation_for_a_mistake(server: str, local: str) -> None:
    """A course without seats: the answer has the DNS resolver, or another node of the page's servers."""
    dns = [packet(way, local=50007, port=53, ends=(CLIENT, "8.8.8.8")) for way in "><"]
    node = connection(50008, port=8443, server="192.0.2.66")
    given = {"server_address": server, "server_port": "22", "local_port": local, "transport": "TCP"}
    context = move_to_declared(of(facts_of(dns, connection(50001, data=3), node), *given), given, None)
    focus = find_focus(context)
    assert focus and (50001, SERVER) == (focus.conversation.client.port, focus.conversation.server.address)


@settings(deadline=None, max_examples=60)
@for_all(data=st.data())
def test_moved_never_means_a_conversation_of_another_seat(data: st.DataObject) -> None:
    """Whatever the answers say, right ones of that seat included."""
    right = {"server_address": SERVER, "server_port": "22", "local_port": "50001", "transport": "TCP"}
    values = {name: st.sampled_from([right[name], WRONG[name], "10.9.9.2", ""]) for name in right}
    given = data.draw(st.fixed_dictionaries(values))
    context = of(facts_of(connection(50001)), *right)
    assert context is move_to_declared(
        context, given, OtherSeats(frozenset({"10.9.9.2"}), frozenset({OTHER_NET}))
    )


@settings(deadline=None, max_examples=40)
@for_all(
    ports=st.lists(st.integers(1024, 65535), min_size=1, max_size=5, unique=True),
    whole=st.lists(st.booleans(), min_size=5, max_size=5),
    pick=st.integers(0, 4),
)
def test_moved_matches_a_declared_conversation_both_ways(
    ports: list[int], whole: list[bool], pick: int
) -> None:
    """Where no SYN is captured, the declaration tells the client, whatever ports and order would tell."""
    talks = [connection(port, 443, whole[i], data=3) for i, port in enumerate(ports)]
    local = ports[pick % len(ports)]
    given = {"server_address": SERVER, "server_port": "443", "local_port": str(local), "transport": "TCP"}
    turned = [[each for each in talk[::-1] if "SYN" not in each.flags] for talk in talks]
    for facts in (facts_of(*talks), facts_of(*turned)):
        context = move_to_declared(of(facts, *given), given, None)
        focus = find_focus(context)
        assert focus and (local, SERVER) == (
            focus.conversation.client.port,
            focus.conversation.server.address,
        )
