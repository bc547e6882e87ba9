"""Conversations as a reader sees them: datagrams of one service together, and the most telling to draw."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import chain

from sharklab.evidence.packets.model import Conversation, Endpoint

ConversationKey = tuple[str, str, Endpoint]


def choose_conversations(
    conversations: Iterable[Conversation], marked: Collection[int]
) -> tuple[Conversation, ...]:
    """Return the conversations to draw, those with most `marked` packets first, then the longest."""
    wanted = set(marked)
    talks = group_datagrams(conversations)
    return tuple(sorted(talks, key=lambda talk: (-len(wanted & set(talk.packets)), -len(talk.packets))))


def group_datagrams(conversations: Iterable[Conversation]) -> tuple[Conversation, ...]:
    """Return the conversations in their order, with the datagrams between a client and one service in one.

    Many clients (a resolver's, for one) take a new port for each question.
    """
    groups: dict[ConversationKey, list[Conversation]] = {}
    for talk in conversations:
        port = talk.client.port if talk.transport == "tcp" else 0
        key = (talk.transport, f"{talk.client.address} {port}", talk.server)
        groups.setdefault(key, []).append(talk)
    return tuple(map(_merge, groups.values()))


def _merge(talks: list[Conversation]) -> Conversation:
    """Return one conversation with the packets of all; its client has no one port if theirs differ."""
    first = talks[0]
    if len(talks) == 1 or first.transport == "tcp":
        return first
    ports = {talk.client.port for talk in talks}
    client = first.client if len(ports) == 1 else Endpoint(first.client.address, 0)
    numbers = sorted(chain.from_iterable(talk.packets for talk in talks))
    errors = sorted(chain.from_iterable(talk.icmp_errors for talk in talks))
    return replace(
        first,
        client=client,
        packets=tuple(numbers),
        icmp_errors=tuple(errors),
        data_packets=tuple(sorted(chain.from_iterable(talk.data_packets for talk in talks))),
        client_bytes=sum(talk.client_bytes for talk in talks),
        server_bytes=sum(talk.server_bytes for talk in talks),
    )
