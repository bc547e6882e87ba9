"""Files and text from strangers: read regular files only, up to a limit; show text without surprises.

Text from students, hosts and packets may hold terminal escapes (ECMA-48), control characters, bidirectional
overrides (UAX 9) and other characters that show a reader something else than the text contains.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
import unicodedata
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

from sharklab.errors import InputError
from sharklab.message import N_

Shape = TypeVar("Shape")
_DIGITS = 40
_LINES = "\n\t"
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles, links
    r"|\x1b[@-Z\\^_]"  # one step of the cursor, as systemd's animation makes
)


class _Pictures(dict[int, int | str]):
    """For str.translate: a visible replacement for each character that a reader cannot see."""

    def __missing__(self, code: int) -> int | str:
        self[code] = _picture(code)
        return self[code]


def _picture(code: int) -> int | str:
    character = chr(code)
    category = unicodedata.category(character)
    if character in _LINES or character.isprintable() or category == "Zs":
        return code
    if code < 0x20:
        return 0x2400 + code
    if code == 0x7F:
        return 0x2421
    if category in ("Cc", "Cs") or code in (0xFFFE, 0xFFFF):  # XML and UTF-8 cannot hold them
        return "\N{REPLACEMENT CHARACTER}"
    return f"⟨U+{code:04X}⟩"


_PICTURES = _Pictures()


def visible(text: str) -> str:
    """Return `text`, of several lines, without terminal escapes and with all other characters visible.

    A control character becomes its picture (U+2400...), any other invisible one its number, ⟨U+202E⟩.
    """
    if text.isprintable():
        return text
    return _ESCAPES.sub("", text.replace("\r\n", "\n")).translate(_PICTURES)


def one_line(text: str) -> str:
    """Return the visible words of `text` in one line."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def name(text: str, most: int = 100) -> str:
    """Return a name for a message: at most `most` characters, with U+FFFD for each invisible one."""
    return clip(
        "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: most + 1]), most
    )


def clip(text: str, most: int) -> str:
    """Return `text` in at most `most` characters, with an ellipsis if it was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def is_visible(text: str) -> bool:
    """Return True if a reader sees every character of `text`; line ends and tabs are fine."""
    return text.translate(dict.fromkeys(map(ord, _LINES))).isprintable()


def decode(content: bytes) -> str:
    """Return the text in `content`: UTF-8, UTF-16, or what Windows wrote in western Europe (cp1252).

    A byte order mark is left out. Raises ValueError for bytes that are no text.
    """
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return content.decode("utf-16")
    for order, ascii in (("utf-16-le", content[1::2]), ("utf-16-be", content[::2])):
        if ascii and not any(ascii) and any(content):  # no mark, and no letter beyond ASCII
            return content.decode(order)
    if b"\0" in content:
        raise ValueError("no text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def read(path: Path, most: int) -> bytes:
    """Return the bytes of the file at `path`, at most `most`. Raises InputError as `stream` does."""
    with stream(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:  # it grew since
        raise _too_large(path, most)
    return content


def stream(path: Path, most: int) -> IO[bytes]:
    """Return the file at `path`, open for reading.

    Raises InputError when it is missing, larger than `most` bytes, or no regular file: a link could lead
    to a file of somebody else, a pipe would never end.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        check(path, most)
        raise InputError(error.strerror or str(error), place=str(path)) from error
    try:
        _check(path, os.fstat(handle), most)
    except InputError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def check(path: Path, most: int) -> None:
    """Raise InputError when `path` is missing, no regular file (a link is none), or larger than `most`."""
    try:
        status = path.lstat()
    except OSError as error:
        raise InputError(error.strerror or str(error), place=str(path)) from error
    _check(path, status, most)


def _check(path: Path, status: os.stat_result, most: int) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise InputError(N_("the path is a link, not a file"), place=str(path))
    if stat.S_ISDIR(status.st_mode):
        raise InputError(N_("the path is a folder, not a file"), place=str(path))
    if not stat.S_ISREG(status.st_mode):
        raise InputError(N_("the path is not a regular file"), place=str(path))
    if status.st_size > most:
        raise _too_large(path, most)


TOO_LARGE = N_("the file is larger than {size}")


def _too_large(path: Path, most: int) -> InputError:
    return InputError(TOO_LARGE, place=str(path), size=size(most))


def size(count: int) -> str:
    """Return a number of bytes as people write it."""
    return (
        f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB" if count >= 1024 else f"{count} B"
    )


def plain(text: str | bytes, depth: int = 64) -> Any:
    """Return the JSON data in `text`. Raises ValueError when it is none, or none that can be written again.

    Python's reader takes more than the format has: NaN, and half a surrogate pair. `depth` is how deep
    lists and objects may lie in each other.
    """
    try:
        content = json.loads(text, parse_constant=_no_constant, parse_int=_int)
        json.dumps(content, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("lists or objects are nested too deeply") from error
    _check_depth(content, depth)
    return content


def shape_content(content: Any, kind: type[Shape]) -> Shape:
    """Return JSON data as `kind`, which its annotations describe. Raises ValueError with place and cause.

    Lists become tuples and whole numbers floats where `kind` says so; fields that it lacks are dropped.
    """
    import msgspec  # late, because it is slow to import

    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        cause, _, place = str(error).partition(" - at ")
        raise ValueError(f"at {place.strip('`') or '$'}, {cause}") from error


def _check_depth(content: Any, depth: int) -> None:
    level = [content]
    for _ in range(depth):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
    if level:
        raise ValueError("lists or objects are nested too deeply")


def _int(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("a number is too long")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
