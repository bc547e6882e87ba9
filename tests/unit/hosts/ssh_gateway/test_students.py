"""The students who may log in."""

from __future__ import annotations

import pytest

from sharklab.errors import InputError, MachineryError
from sharklab.hosts.ssh_gateway import keys, students
from sharklab.lab.roster import Student
from tests.support.errors import error_of
from tests.unit.hosts.ssh_gateway.test_keys import ED25519, RSA

pytestmark = pytest.mark.usefixtures("own_state")


def student(name: str, key: str = "") -> Student:
    """Return a student of a roster."""
    return Student(name, name.title(), f"{name}@uni.example", ssh_key=key)


def test_a_student_has_the_keys_of_roster_folder_and_course() -> None:
    """All of them let in."""
    found = students.enter([student("alice", f"{ED25519} laptop"), student("bob")], {"alice": (RSA,)})
    assert (ED25519, RSA, keys.personal("alice")[1]) == found["alice"].keys
    assert (keys.personal("bob")[1],) == found["bob"].keys
    assert 0o600 == students.file().stat().st_mode & 0o777


def test_a_uid_is_kept_and_never_given_to_another() -> None:
    """Who left the class has no key any more, and comes back as the same user."""
    first = students.enter([student("alice"), student("bob")], {})
    second = students.enter([student("carol"), student("bob")], {})
    assert first["bob"].uid == second["bob"].uid
    assert second["carol"].uid not in {own.uid for own in first.values()}
    assert () == second["alice"].keys
    assert first["alice"] == students.enter([student("alice")], {})["alice"]


def test_a_wrong_key_names_its_student_and_changes_nothing() -> None:
    """The list stays as it was."""
    before = students.enter([student("alice")], {})
    roster = [student("bob", "nonsense"), student("eve"), student("ada", "ssh-rsa nonsense")]
    problems = error_of(InputError, students.enter, roster, {}).problems
    assert ["bob", "ada"] == [problem.place for problem in problems]
    assert before == students.read()


def test_a_damaged_list_is_said() -> None:
    """Without one, nobody may log in."""
    assert {} == students.read()
    students.enter([student("alice")], {})
    students.file().write_text("[1]")
    assert str(students.file()) == error_of(MachineryError, students.read).place


def test_a_stored_key_stays_with_its_student_and_ends_the_password() -> None:
    """Also with a new roster; who left the class has neither."""
    assert students.enter([student("alice")], {})["alice"].has_password
    students.store("alice", f"{ED25519} laptop\n")
    students.store("alice", RSA)
    found = students.read()["alice"]
    assert (keys.personal("alice")[1], ED25519, RSA) == found.keys and not found.has_password
    assert found == students.enter([student("alice"), student("bob")], {})["alice"]
    left = students.enter([student("bob")], {})["alice"]
    assert () == left.keys and not left.has_password
    assert 0o600 == (students.find_key_folder() / "alice").stat().st_mode & 0o777


def test_the_language_of_the_class_is_kept() -> None:
    """There is none before the gateway was started."""
    assert "" == students.read_language()
    students.write_language("fr")
    assert "fr" == students.read_language()


def test_what_is_no_key_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is nothing, or one key too many; the ones before stay."""
    students.store("alice", ED25519)
    monkeypatch.setattr(keys, "MOST", 1)
    for text in ("", " \n", "-----BEGIN OPENSSH PRIVATE KEY-----", RSA):
        error_of(InputError, students.store, "alice", text)
    assert (ED25519,) == students.read_stored_keys("alice") and () == students.read_stored_keys("bob")
