"""Name the files of a student's folder that are no capture, though they stand for one or for answers.

A pointer of git LFS in the place of a capture, a picture of Wireshark, packed files, and documents, in which
nobody reads answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sharklab.errors import InputError
from sharklab.evidence.packets import container
from sharklab.grading.submission import capture_names
from sharklab.message import N_, NOTHING, Message

_ARCHIVES = frozenset({".zip", ".7z", ".rar", ".tar", ".tgz", ".tbz2", ".txz"})
_COMPRESSIONS = frozenset({".gz", ".bz2", ".xz", ".zst"})
_DOCUMENTS = frozenset({".pdf", ".docx", ".doc", ".odt", ".rtf", ".pages", ".xlsx", ".ods", ".pptx", ".odp"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".heic", ".tif", ".tiff"})
_LEFTOVERS = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "__macosx"})
PACKED = N_("the file is packed, and its content is not read: hand in the files themselves, or a .zip")
DOCUMENT = N_(
    "the file is a document, and nobody reads answers in it: write them into answers.yml or README.md"
)


def is_leftover(name: str) -> bool:
    """Return True for a file that a system or a program leaves in any folder; nobody handed it in."""
    return name.startswith((".", "~$")) or name.casefold() in _LEFTOVERS or ".annotated." in name


def is_stray(name: str) -> bool:
    """Tell whether a file of this name may be named here."""
    known = _find_ending(name) in _DOCUMENTS | _PICTURES
    return known or is_archive(name) or capture_names.has_ending(name)


def is_archive(name: str) -> bool:
    """Tell whether a file or a folder has the name of a packed file, of whatever format."""
    path = Path(name.casefold())
    is_compressed_tar = path.suffix in _COMPRESSIONS and Path(path.stem).suffix == ".tar"
    return path.suffix in _ARCHIVES or is_compressed_tar


def fault(file: Path) -> Message:
    """Return why a file is no capture, NOTHING for one."""
    try:
        container.open_capture(file)
    except InputError as error:
        return error.sentence
    return NOTHING


def find_damaged(files: Iterable[Path], names: Mapping[str, str], lacking: Iterable[str]) -> dict[str, Path]:
    """Return for each lacking capture a file that has its name and its ending, and is none.

    `names` are the ids of captures by the names that mean them, `files` those that are no captures.
    """
    wanted, found = set(lacking), dict[str, tuple[int, Path]]()
    for file in filter(lambda each: capture_names.has_ending(each.name), files):
        match = capture_names.match(file.name, names)
        if match and (id := names[match.id]) in wanted:
            found[id] = min(found.get(id, (match.distance, file)), (match.distance, file))
    return {id: file for id, (_, file) in found.items()}


def name_strays(
    files: Iterable[Path], names: Mapping[str, str], lacking: Iterable[str], has_answers: bool
) -> Iterator[tuple[Path, Message]]:
    """Yield each file that is no capture with the reason why it does not count, where that matters.

    A picture matters if its name means a lacking capture, a document if the student wrote no answer.
    """
    wanted = set(lacking)
    for file in files:
        ending, match = _find_ending(file.name), capture_names.match(file.name, names)
        if is_archive(file.name):
            yield file, Message(PACKED)
        elif ending in _DOCUMENTS and not has_answers:
            yield file, Message(DOCUMENT)
        elif capture_names.has_ending(file.name) or (
            ending in _PICTURES and match and names[match.id] in wanted
        ):
            yield file, fault(file)


def _find_ending(name: str) -> str:
    return Path(name.casefold()).suffix
