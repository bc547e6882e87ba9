"""The check that DNS questions were asked and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sharklab.checks.context import Context
from sharklab.checks.kind import TEXT, TEXTS, Need, Params, Rests, check, parameters
from sharklab.checks.outcome import Finding, Reference, Status
from sharklab.evidence.packets.model import DnsExchange
from sharklab.message import N_, Message

Exchange = tuple[str, DnsExchange]


@check(
    "dns",
    Rests.CONTENTS,
    N_("DNS questions"),
    N_("asked and answered: {types}"),
    params=parameters("types", types=TEXTS, name=TEXT, rcode=TEXT),
    look=N_("Record while you ask again for each type, with the name in your brief."),
    needs=(Need.REPLY,),
    parts=lambda params: (
        (kind, {**params, "types": [type]}) for type in params["types"] for kind in ("dns_half", "dns")
    ),
)
def dns(context: Context, params: Params) -> Finding:
    """The client asks for each of the `types`, and the server answers with `rcode` (NOERROR by default).

    With `name`, only questions for this name count. An answer with NOERROR must hold a record.
    """
    return _find_exchanges(context, params, _answers)


@check(
    "dns_half",
    Rests.CONTENTS,
    N_("DNS questions or answers: {types}"),
    params=parameters("types", types=TEXTS, name=TEXT, rcode=TEXT),
    look=N_("Record while you ask again for each type, with the name in your brief."),
)
def dns_half(context: Context, params: Params) -> Finding:
    """A capture has the question or the answer for each of the `types`; `rcode` and `name` as in `dns`."""
    return _find_exchanges(context, params, _begins)


def _find_exchanges(context: Context, params: Params, is_good: Callable[[DnsExchange, str], bool]) -> Finding:
    rcode = params.get("rcode", "NOERROR")
    asked = {type: _exchanges_of(context, type, params.get("name", "")) for type in params["types"]}
    good = {type: [each for each in found if is_good(each[1], rcode)] for type, found in asked.items()}
    words = [_words(type, good[type] or asked[type]) for type in asked]
    evidence = tuple(_refer(each) for type in asked for each in good[type] or asked[type])
    return Finding(Status.of(all(good.values())), Message("{lines}", {"lines": words}), evidence)


def exchanges(context: Context) -> Iterator[Exchange]:
    """Yield the DNS exchanges between the exercise's hosts (all of them when it names none)."""
    clients, servers = context.addresses(context.client), context.addresses(context.server)
    for name, facts in context.facts.items():
        for exchange in facts.dns:
            if not context.client or (
                exchange.client.address in clients and exchange.server.address in servers
            ):
                yield name, exchange


def _exchanges_of(context: Context, type: str, name: str) -> list[Exchange]:
    return [
        (capture, exchange)
        for capture, exchange in exchanges(context)
        if exchange.type == type and _fold_case(name) in ("", _fold_case(exchange.name))
    ]


def _fold_case(name: str) -> str:
    """Return a name as DNS compares names (RFC 4343)."""
    return name.rstrip(".").lower()


def _begins(exchange: DnsExchange, rcode: str) -> bool:
    return not exchange.answer or _is_right(exchange, rcode)


def _answers(exchange: DnsExchange, rcode: str) -> bool:
    return exchange.question > 0 and exchange.answer > 0 and _is_right(exchange, rcode)


def _is_right(exchange: DnsExchange, rcode: str) -> bool:
    return exchange.rcode == rcode and (rcode != "NOERROR" or bool(exchange.answers))


def _words(type: str, found: list[Exchange]) -> Message:
    if not found:
        return Message(N_("{type}: not asked"), {"type": type})
    exchange = found[0][1]
    values: dict[str, object] = {"type": type, "number": exchange.answer or exchange.question}
    if not exchange.question:
        return Message(
            N_("{type}: answered in packet {number}, whose question is not in the capture"), values
        )
    if not exchange.answer:
        return Message(N_("{type}: asked in packet {number}, not answered"), values)
    values["answers"] = exchange.answers or exchange.rcode
    return Message(N_("{type}: {answers} in packet {number}"), values)


def _refer(each: Exchange) -> Reference:
    capture, exchange = each
    return Reference(capture=capture, packets=tuple(n for n in (exchange.question, exchange.answer) if n))
