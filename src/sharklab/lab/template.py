"""The templates of a lab: the names that they may use, and filling them in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from traceback import walk_tb
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from sharklab.errors import InputError
from sharklab.lab.model import Host, LabContent, Seat
from sharklab.message import N_


class NotTextError(jinja2.TemplateRuntimeError):
    """A value between double braces is neither text nor a number; `message` is the name of its type."""


def _text(value: Any) -> Any:
    """Return `value`. Raises NotTextError for one that no reader wants to see, such as a method or a dict."""
    if isinstance(value, str | int | float | jinja2.Undefined):
        return value
    raise NotTextError(type(value).__name__)


_HYPHENS = re.compile(r"\bhosts\.([a-z][a-z0-9]*(?:-[a-z0-9]+)+)\b")
_settings: Mapping[str, Any] = {"undefined": jinja2.StrictUndefined, "finalize": _text}
_values = SandboxedEnvironment(**_settings, keep_trailing_newline=True)
_pages = SandboxedEnvironment(**_settings, trim_blocks=True)
_compiled = cache(_values.from_string)  # a lab is filled more than once: checked, baked, for a seat


def context(lab: LabContent, seat: Seat) -> Mapping[str, Any]:
    """Return the values that a template may use: `seat` and `hosts`."""
    return {
        "lab": lab.name,
        "student": seat.student,
        "seat": {key: getattr(seat, key) for key in ("token", "domain", "share", "id", "password")},
        "hosts": {host.name: _addresses(host, seat) for host in lab.hosts},
    }


def _addresses(host: Host, seat: Seat) -> dict[str, Any]:
    """Return a host's addresses: on its first network, and by network name."""
    by_network = {
        name: {
            "ipv4": str(at.ipv4.ip),
            "ipv6": str(at.ipv6.ip),
            "subnet": str(at.ipv4.network),
            "mac": at.mac,
        }
        for name, at in seat.addresses[host.name].items()
    }
    return {**by_network, **by_network[host.networks[0]]}


def fill(value: Any, names: Mapping[str, Any], file: str, path: tuple[str, ...] = ()) -> Any:
    """Return `value` with each template in it rendered. Raises InputError naming `file` and the key."""
    if isinstance(value, str):
        return _render(value, names, f"{file} {'.'.join(path)}")
    if isinstance(value, Mapping):
        return {key: fill(item, names, file, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, names, file, (*path, str(index))) for index, item in enumerate(value)]
    return value


def fill_page(text: str, names: Mapping[str, Any], file: str) -> str:
    """Return the page `text`, a template, filled in. Raises InputError naming `file` and the line."""
    page = _bracket_hyphens(text, names)
    return _attempt(lambda: _pages.from_string(page).render(names), lambda error: f"{file}:{_line(error)}")


def _render(text: str, names: Mapping[str, Any], place: str) -> str:
    if "{" not in text:
        return text
    expression = _bracket_hyphens(text, names)
    return _attempt(lambda: _compiled(expression).render(names), lambda error: place)


def _bracket_hyphens(text: str, names: Mapping[str, Any]) -> str:
    """Return `text` with the host `hosts.web-server` as a key in brackets: to Jinja a hyphen is a minus."""
    known = names.get("hosts", {})
    return _HYPHENS.sub(lambda found: f"hosts[{found[1]!r}]" if found[1] in known else found[0], text)


def _attempt(render: Callable[[], str], place: Callable[[Exception], str]) -> str:
    try:
        return render()
    except (jinja2.UndefinedError, NotTextError) as error:
        said = N_("undefined name: {fault}")
        if isinstance(error, NotTextError):
            said = N_("a value between double braces is neither text nor a number, but a {fault}")
        hint = N_(
            "templates may use student, seat.token (.domain, .share, .password, .id), hosts.NAME.ipv4 (.ipv6)"
        )
        raise InputError(said, place=place(error), hint=hint, fault=error) from error
    except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise InputError(N_("not a valid template: {fault}"), place=place(error), fault=error) from error


def _line(error: Exception) -> int:
    """Return the line of a template in which `error` was raised."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = walk_tb(error.__traceback__)
    return [1, *(line for frame, line in frames if frame.f_code.co_filename == "<template>")][-1]
