"""The personal links of a class: derived, used once, replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharklab import state
from sharklab.cli.workbench.desk import class_links
from sharklab.cli.workbench.identity import INSTRUCTOR, Reader
from sharklab.cli.workbench.site import Site
from sharklab.errors import MachineryError
from sharklab.lab.roster import Student
from tests.support.errors import error_of

SITE = Site("https://lab.example", "/bench")


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give sharklab a state of its own."""
    monkeypatch.setenv("SHARKLAB_STATE", str(tmp_path / "state"))


def use(lab: str, student: str) -> Reader | None:
    """Use the present link of a student."""
    return class_links.use(lab, [student], class_links.token(lab, student))


def test_link_is_used_once() -> None:
    """By whoever comes first; a token of nobody has no reader."""
    assert Reader("alice", seats=frozenset({("tp1", "alice")})) == use("tp1", "alice")
    assert None is use("tp1", "alice")
    assert None is class_links.use("tp1", ["alice"], "x" * class_links.LETTERS)
    assert None is class_links.use("tp1", ["alice"], class_links.token("tp1", "bob"))


def test_new_table_has_links_that_work() -> None:
    """A used link is replaced, so its cookie ends; a link that nobody has used stays."""
    before = class_links.token("tp1", "bob")
    use("tp1", "alice")
    class_links.renew_used("tp1", ["alice", "bob"])
    assert {"": 0, "alice": 1, "bob": 0} == class_links.numbers("tp1", ["alice", "bob"])
    assert before == class_links.token("tp1", "bob")
    reader = use("tp1", "alice")
    assert reader and 1 == reader.epoch


def test_token_stays_the_same() -> None:
    """A server that was started again prints the same links; no two of them are alike."""
    places = [("tp1", "alice"), ("tp1", "bob"), ("tp2", "alice")]
    tokens = [class_links.token(*place) for place in places]
    assert tokens == [class_links.token(*place) for place in places]
    assert {class_links.LETTERS} == {len(token) for token in tokens}
    assert len(places) == len(set(tokens))


def test_used_link_is_no_longer_unused() -> None:
    """The links of other students, and of other labs, still count."""
    use("tp1", "alice")
    [reader] = class_links.list_unused("tp1", ["alice", "bob"]).values()
    assert ("bob", frozenset({("tp1", "bob")})) == (reader.name, reader.seats)
    assert ["alice"] == [reader.name for reader in class_links.list_unused("tp2", ["alice"]).values()]


def test_new_link_replaces_the_used_one() -> None:
    """It is another link each time, and only the newest one counts."""
    tokens = [class_links.token("tp1", "alice")]
    use("tp1", "alice")
    for _ in range(2):
        tokens.append(class_links.renew("tp1", "alice"))
        assert [tokens[-1]] == list(class_links.list_unused("tp1", ["alice"]))
    assert tokens[-1] == class_links.token("tp1", "alice")
    use("tp1", "alice")
    assert tokens[-1] == class_links.token("tp1", "alice")
    assert 3 == len(set(tokens))


def test_next_link_of_the_instructor_ends_the_cookie_of_the_one_before() -> None:
    """When it is used, once; until then each start of the server prints the same link."""
    tokens = []
    for number in (1, 2):
        tokens.append(class_links.teachers_token("tp1"))
        assert {"": number - 1} == class_links.numbers("tp1", [])
        assert tokens[-1] == class_links.teachers_token("tp1")
        assert Reader("instructor", INSTRUCTOR, epoch=number) == class_links.use("tp1", [], tokens[-1])
        assert {"": number} == class_links.numbers("tp1", [])
        assert None is class_links.use("tp1", ["alice"], tokens[-1])
    assert 2 == len(set(tokens)) and None is class_links.use("tp2", ["alice"], tokens[0])


def test_table_of_links_names_each_student() -> None:
    """The file for the instructor has one line for each, with the address of the site."""
    students = [Student("alice", "Müller, Alice", "a@x.example"), Student("bob", "Bob", "")]
    class_links.renew("tp1", "bob")
    tokens = [class_links.token("tp1", own.id) for own in students]
    assert [
        "student,name,email,link",
        f'alice,"Müller, Alice",a@x.example,https://lab.example/bench/enter/{tokens[0]}',
        f"bob,Bob,,https://lab.example/bench/enter/{tokens[1]}",
    ] == class_links.table("tp1", students, SITE).splitlines()


@pytest.mark.parametrize("content", ["", "{", "[1]", "3", "null", '{"tp1/alice": 3}'])
def test_damaged_file_is_named(content: str) -> None:
    """No link is given out, and none is noted, until somebody has looked at the file."""
    file = state.folder(state.root() / "workbench") / "links.json"
    file.write_text(content)
    for call in (class_links.token, class_links.renew, use):
        assert str(file) == error_of(MachineryError, call, "tp1", "alice").place
    assert content == file.read_text()
