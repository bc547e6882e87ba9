"""The documentation tells the truth: its links lead somewhere, its commands exist, its tables are whole."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict, astuple
from pathlib import Path

import pytest

from sharklab import errors, limits, paths
from sharklab.cli import main
from sharklab.cli.grammar import VERBS
from sharklab.cli.options import OPTIONS
from sharklab.grading.gradebook import selection
from sharklab.grading.marking import integrity, marks
from sharklab.grading.submission import manifest
from sharklab.lab import load, roles, schema

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("roles/*/README.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is a file of the repository."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_headings(page: Path) -> None:
    """Every link with an anchor leads to a heading or a mark of its page."""
    links = re.findall(r"\]\((?!https?:)([^)#]*\.md)?#([^)]+)\)", page.read_text())
    assert [
        link for link in links if link[1] not in _anchors(page.parent / link[0] if link[0] else page)
    ] == []


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them of headings, and those that it sets itself."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.M), re.M)
    words = (re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings)
    return {*words, *re.findall(r'<a id="([^"]+)"', text)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    """Every `./sharklab VERB` is a verb of the command line."""
    used = set(re.findall(r"\./sharklab (\w+)", page.read_text()))
    assert used - {verb.split()[0] for verb in VERBS} == set()


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of sharklab in the blocks of `text` for a shell."""
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```$", text, re.DOTALL | re.M):
        for line in block.replace("\\\n", " ").splitlines():
            if match := re.search(r"^(?:\$ )?(?:\./|\.\./\.\./)?sharklab (.*)", line):
                words = shlex.shlex(match[1], posix=True, punctuation_chars=True)
                words.whitespace_split = True
                yield [word for word in _until_shell(words) if word]


def _until_shell(words: Iterator[str]) -> Iterator[str]:
    """Yield the words of a command until a sign of the shell: a pipe, a redirection, a list."""
    for word in words:
        if set(word) <= set("|&;<>()"):
            return
        yield word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_as_the_command_line_takes_them(page: Path) -> None:
    """Every command that a reader copies has the arguments and the options of its verb."""
    for words in _commands(page.read_text()):
        assert words[0] == main.parse(words, "en").verb.split()[0]


def test_blocks_have_commands() -> None:
    """The reader of blocks finds commands, their options and the ends at signs of the shell."""
    text = "```sh\n./sharklab up tp4   # mine\nsharklab capture tp4 web --live | wireshark -i -\n```\n"
    assert [["up", "tp4"], ["capture", "tp4", "web", "--live"]] == list(_commands(text))
    assert 90 < sum(len(list(_commands(page.read_text()))) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_repository_exist(page: Path) -> None:
    """Every file that a page names by its folder in the repository is there; a `<part>` stands for any."""
    folders = "benchmarks|docs|examples|playbooks|plugins|roles|src|tests"
    named = set(re.findall(rf"`((?:{folders})/[\w./<>-]+)`", page.read_text()))
    assert [name for name in named if not any(ROOT.glob(re.sub("<.*?>", "*", name)))] == []


@pytest.mark.parametrize("role", roles.names(paths.ROOT))
def test_role_readme_lists_every_option(role: str) -> None:
    """A role's README has each option of its argument specs, or says that they are all there."""
    page = (ROOT / "roles" / role / "README.md").read_text()
    whole = "(meta/argument_specs.yml)" in page
    assert [name for name in roles.options(role, "main", paths.ROOT) if name not in page and not whole] == []


@pytest.mark.parametrize("name", load.names())
def test_lab_has_a_brief_in_each_language(name: str) -> None:
    """Students read the brief in French or in English."""
    folder = load.find(name).parent
    assert [code for code in ("fr", "en") if not (folder / f"brief.{code}.md.j2").is_file()] == []


def test_authoring_lists_every_word_of_matrices() -> None:
    """An author finds each state, verdict and packet pattern that the schema allows."""
    page = (ROOT / "docs" / "authoring.md").read_text()
    allowed = schema.read()["$defs"]
    words = [*allowed["state"]["enum"], *allowed["verdict"]["enum"], *allowed["packets"]["anyOf"][0]["enum"]]
    assert [word for word in words if f"`{word}`" not in page] == []


def test_exit_codes_are_those_of_the_program() -> None:
    """The table has each exit code once."""
    page = (ROOT / "docs" / "exit-codes.md").read_text()
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert sorted(codes) == [int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)]


def test_gradebook_lists_every_option() -> None:
    """The table of options has each option of `grade`; only --lang is the same for every verb."""
    section = (ROOT / "docs" / "gradebook.md").read_text().split("## Options")[1].split("## ")[0]
    options = [OPTIONS[name][0] for name in VERBS["grade"].options]
    flags = sorted(names[0] for names in options if names[0].startswith("-"))
    assert flags == sorted(re.findall(r"^\| `(-[\w-]+)", section, re.MULTILINE))


def test_gradebook_lists_every_remark() -> None:
    """The table of remarks has each kind that the program makes."""
    section = (ROOT / "docs" / "gradebook.md").read_text().split("## Remarks")[1].split("## ")[0]
    cells = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    kinds = {*integrity.KINDS, selection.SPARE, selection.STRANGER, selection.MISFILED}
    kinds |= {marks.ELSEWHERE, marks.EARLY, manifest.REFUSED}
    assert kinds == set(re.findall(r"`(\w+)`", " ".join(cells)))


def test_submitting_lists_every_limit() -> None:
    """The figures of the page are those of the program."""
    page = (ROOT / "docs" / "submitting.md").read_text()
    listed = re.findall(r"^\| (?:capture|tshark|submission)[^|]*\| ([0-9,]+) ?(\w*) \|$", page, re.MULTILINE)
    scale = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    figures = [int(number.replace(",", "")) * scale.get(unit, 1) for number, unit in listed]
    bundle = {name: value for name, value in asdict(limits.BUNDLE).items() if name != "capture"}
    kept = [*astuple(limits.CAPTURE), *astuple(limits.TOOL), *bundle.values()]
    assert kept == figures
