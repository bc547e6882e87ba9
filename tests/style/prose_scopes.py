"""Where the project's sentences are: pages, messages to users, docstrings and comments."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import yaml
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from markdown_it import MarkdownIt

from sharklab.paths import ROOT

KEYWORDS = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2), "NN_": (1, 2)}
GENERATED = re.compile(r"<!-- (\w+): begin -->.*?<!-- \1: end -->", re.DOTALL)
"""Tables that are made from the code's messages, which are a scope of their own."""
JINJA = re.compile(r"\{[%#].*?[%#]\}", re.DOTALL)


@dataclass(frozen=True)
class Sentence:
    """One sentence, or one cell of a table, and its place: a file of the checkout and a line."""

    file: str
    line: int
    text: str


def _sentences(file: str, line: int, text: str) -> Iterator[Sentence]:
    """Split `text`, which starts at `line`, into its sentences."""
    for found in re.finditer(r"\S.*?(?:[.!?:;](?=\s)|$(?![\s\S]))", text, re.DOTALL):
        yield Sentence(file, line + text.count("\n", 0, found.start()), " ".join(found[0].split()))


def page(file: str, text: str) -> Iterator[Sentence]:
    """Yield the sentences of a Markdown page, without code and generated tables."""
    for unread in (GENERATED, JINJA):
        text = unread.sub(lambda found: "\n" * found[0].count("\n"), text)
    for token in MarkdownIt().enable("table").parse(text):
        if token.type == "inline" and token.map:
            words = (
                {"softbreak": "\n", "code_inline": "`code`"}.get(each.type, each.content)
                for each in token.children or ()
            )
            yield from _sentences(file, token.map[0] + 1, "".join(words))


def pages(pattern: str) -> Iterator[Sentence]:
    """Yield the sentences of the Markdown pages that `pattern` names."""
    for path in sorted(ROOT.glob(pattern)):
        yield from page(str(path.relative_to(ROOT)), path.read_text())


def messages() -> Iterator[Sentence]:
    """Yield the sentences that gettext puts into the user's language: of the code, schemas and templates."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    for name, line, msgid, _, _ in extract_from_dir(ROOT, methods, options, KEYWORDS):
        for text in msgid if isinstance(msgid, tuple) else (msgid,):
            yield from _sentences(name, line, text)


def python(pattern: str) -> Iterator[Sentence]:
    """Yield the docstrings and comments of the Python files that `pattern` names, of constants too."""
    for path in sorted(ROOT.glob(pattern)):
        name, text = str(path.relative_to(ROOT)), path.read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield from _sentences(name, node.lineno, _plain(str(node.value.value)))
        for line, comment in _comments(text):
            yield from _sentences(name, line, _plain(comment))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield each comment with its line; comments on lines that follow each other are one."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    for _, group in groupby(enumerate(found), lambda pair: pair[1][0] - pair[0]):
        lines = [entry for _, entry in group]
        yield lines[0][0], "\n".join(comment.lstrip("#:! ") for _, comment in lines)


def _plain(text: str) -> str:
    """Return a text without the code in it."""
    return re.sub(r"``?[^`]+``?", "`code`", text)


def tasks() -> Iterator[Sentence]:
    """Yield the names of plays, tasks and handlers of roles and playbooks."""
    name = re.compile(r"^ *- name: (?:\"?)(?:[a-z_]+ \| )?(.*?)\"?$", re.MULTILINE)
    for path in (
        *ROOT.glob("roles/*/tasks/*.yml"),
        *ROOT.glob("roles/*/handlers/*.yml"),
        *ROOT.glob("playbooks/*.yml"),
    ):
        yield from _found(path, name)


def options() -> Iterator[Sentence]:
    """Yield the descriptions of roles, their entry points and their options."""
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        yield from _described(path, yaml.compose(path.read_text()))


def _found(path: Path, pattern: re.Pattern[str]) -> Iterator[Sentence]:
    """Yield the first group of each match of `pattern` in a file."""
    text = path.read_text()
    for found in pattern.finditer(text):
        yield Sentence(str(path.relative_to(ROOT)), text.count("\n", 0, found.start()) + 1, found[1])


def labs() -> Iterator[Sentence]:
    """Yield the English of the labs and of the catalogue of faults: titles, texts, hints, causes."""
    for path in (*ROOT.glob("labs/*/lab.yml"), *ROOT.glob("roles/faults/catalogue/*/meta.yml")):
        yield from _english(str(path.relative_to(ROOT)), yaml.compose(path.read_text()))


def _english(file: str, node: yaml.Node | None) -> Iterator[Sentence]:
    """Yield the sentences of each text under the key `en` below a node of YAML, without the code in them."""
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _english(file, each)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "en" and isinstance(value, yaml.ScalarNode):
                yield from _sentences(file, value.start_mark.line + 1, _plain(value.value))
            yield from _english(file, value)


def _described(path: Path, node: yaml.Node | None) -> Iterator[Sentence]:
    """Yield the sentences of each `description` and `short_description` below a node of YAML."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            texts = value.value if isinstance(value, yaml.SequenceNode) else [value]
            if key.value in ("description", "short_description"):
                for text in texts:
                    if isinstance(text, yaml.ScalarNode):
                        place = str(path.relative_to(ROOT))
                        yield from _sentences(place, text.start_mark.line + 1, text.value)
            yield from _described(path, value)


FOLDERS = ("author", "checks", "cli", "evidence", "grading", "hosts", "lab", "report")
SCOPES: Mapping[str, Callable[[], Iterator[Sentence]]] = {
    "README.md": partial(pages, "README.md"),
    "CHANGELOG.md": partial(pages, "CHANGELOG.md"),
    "docs": partial(pages, "docs/**/*.md"),
    "roles": partial(pages, "roles/*/README.md"),
    "benchmarks": partial(pages, "benchmarks/*.md"),
    "labs": labs,
    "briefs": partial(pages, "labs/*/brief.en.md.j2"),
    "messages": messages,
    "tasks": tasks,
    "options": options,
    "plugins": partial(python, "plugins/**/*.py"),
    "programs": partial(python, "roles/**/*.py"),
    "src/sharklab": partial(python, "src/sharklab/*.py"),
    **{f"src/sharklab/{name}": partial(python, f"src/sharklab/{name}/**/*.py") for name in FOLDERS},
}
