"""What each verb needs before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import i18n, privilege, system_packages
from sharklab.cli import setup
from sharklab.cli.grammar import VERBS
from sharklab.errors import InputError
from sharklab.hosts.image import choice
from sharklab.message import Message
from tests.support.programs import TOOL

WORDS = i18n.translator("en")


GOLDEN = Path(__file__).parents[2] / "golden" / "broken"


def test_needs_names_only_verbs_and_works_that_exist() -> None:
    """What verbs need is written with the names of verbs and of the table's groups."""
    assert set() == (set(setup.NEEDS) | setup.AS_ROOT) - set(VERBS)
    assert set() == {work for works in setup.NEEDS.values() for work in works} - {
        each.work for each in system_packages.table()
    }


@pytest.mark.parametrize(
    ("kind", "os_name", "answer", "expected"),
    [
        ("apt", "rocky9", "", "rocky"),
        ("dnf", "debian12", "", "image"),
        ("dnf", "auto", "rocky9", "rocky"),
        ("dnf", "auto", "debian12", "image"),
        ("apt", "auto", "rocky9", "image"),
    ],
)
def test_prepare_needs_what_builds_the_hosts_system(
    monkeypatch: pytest.MonkeyPatch, kind: str, os_name: str, answer: str, expected: str
) -> None:
    """Debian's tools are not asked for where hosts are Rocky's, and the other way round."""
    asked: list[str] = []
    monkeypatch.setattr(privilege, "is_root", lambda: True)
    monkeypatch.setattr(system_packages, "manager", lambda: kind)
    monkeypatch.setattr(system_packages, "list_missing", lambda works: (TOOL,))
    monkeypatch.setattr(system_packages, "need", lambda works, words: asked.extend(works))
    monkeypatch.setattr(choice, "choose", lambda: (answer, Message("")))
    setup.prepare("up", "nspawn", WORDS, os=os_name)
    assert [expected, "hosts"] == asked


def test_prepare_asks_nobody_for_a_password_to_say_that_a_lab_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lab's name is checked before root's rights are asked for."""
    monkeypatch.setattr(privilege, "is_root", lambda: False)
    with pytest.raises(InputError):
        setup.prepare("up", "nspawn", WORDS, lab="no-such-lab")


@pytest.mark.parametrize(
    ("verb", "provider", "way", "expected"),
    [
        ("up", "nspawn", True, True),
        ("run", "auto", True, True),
        ("up", "nspawn", False, False),
        ("image build", "nspawn", True, False),
        ("up", "existing", True, False),
    ],
)
def test_prepare_asks_for_what_a_way_out_needs(
    verb: str, provider: str, way: bool, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only seats of this machine whose lab asks for the Internet need it."""
    wanted: list[str] = []
    monkeypatch.setattr(privilege, "is_root", lambda: True)

    def missing(works: list[str]) -> tuple[system_packages.Package, ...]:
        wanted.extend(works)
        return ()

    monkeypatch.setattr(system_packages, "list_missing", missing)
    source = (GOLDEN / "two-ways-out" / "lab.yml").read_text().replace("  dmz: {internet: true}", "  dmz: {}")
    (tmp_path / "two-ways-out").mkdir()
    file = tmp_path / "two-ways-out" / "lab.yml"
    file.write_text(source if way else source.replace("{internet: true}", "{}"))
    setup.prepare(verb, provider, WORDS, lab=str(file.parent))
    assert expected == ("internet" in wanted)
