"""The reader of a page: a person who has used a link once, and then has a signed cookie.

The cookie holds no secret. Its signature is HMAC-SHA-256 (RFC 2104) with a key that only this server has. So
a server that was started again still knows its readers.
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

STUDENT, INSTRUCTOR = "student", "instructor"
LIFE = 30 * 86400
"""Seconds for which a cookie counts."""


@dataclass(frozen=True)
class Reader:
    """A person whose browser has shown a valid link: a student, or the instructor.

    `seats` are the seats of a student, as (lab, student). `lang` is the language of the pages. `epoch` is the
    number of the link in a class: a newer link ends the cookie of an older one.
    """

    name: str
    role: str = STUDENT
    lang: str = "en"
    seats: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    epoch: int = 0

    @property
    def link_name(self) -> str:
        """The name among those who have links in a class: "" for the instructor, which is no student's."""
        return "" if self.is_instructor else self.name

    @property
    def is_instructor(self) -> bool:
        """True for the instructor of the class."""
        return self.role == INSTRUCTOR

    def may_open(self, lab: str, student: str) -> bool:
        """Tell whether this reader may see the page of a seat."""
        return self.is_instructor or (lab, student) in self.seats

    def copy_in_language(self, lang: str) -> Reader:
        """Return the same reader with another language."""
        return replace(self, lang=lang)


def to_plain(reader: Reader) -> dict[str, Any]:
    """Return a reader as JSON data, without the language."""
    return {
        "name": reader.name,
        "role": reader.role,
        "seats": sorted(map(list, reader.seats)),
        "epoch": reader.epoch,
    }


def from_plain(content: Mapping[str, Any]) -> Reader:
    """Return the reader that `to_plain` wrote."""
    seats = frozenset((str(lab), str(student)) for lab, student in content["seats"])
    epoch = int(content.get("epoch", 0))
    return Reader(str(content["name"]), str(content["role"]), seats=seats, epoch=epoch)


class Cookies:
    """Signs cookies with `key`, and reads them again."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, reader: Reader, now: float) -> str:
        """Return the cookie of a reader, which counts from `now` (epoch seconds) for `LIFE`."""
        content = json.dumps({**to_plain(reader), "until": round(now + LIFE)}).encode()
        return f"{_text(content)}.{_text(self._sign(content))}"

    def read(self, cookie: str, now: float) -> Reader | None:
        """Return the reader of a cookie, None for one that is not ours or too old."""
        first, _, second = cookie.partition(".")
        try:
            content, signature = _bytes(first), _bytes(second)
        except ValueError:
            return None
        if not hmac.compare_digest(signature, self._sign(content)):
            return None
        plain = json.loads(content)
        return from_plain(plain) if plain["until"] > now else None

    def _sign(self, content: bytes) -> bytes:
        return hmac.digest(self._key, b"workbench cookie\0" + content, "sha256")


class Links:
    """Links that work once: each has a random token for one reader, and is gone when it was used."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}
        self._lock = threading.Lock()

    def add(self, token: str, reader: Reader) -> None:
        """Let `token` work once, for `reader`."""
        with self._lock:
            self._readers[token] = reader

    def use(self, token: str) -> Reader | None:
        """Return the reader of a token that was not used before, else None."""
        with self._lock:
            return self._readers.pop(token, None)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
