"""The texts that students typed in Moodle, among what its download has."""

from __future__ import annotations

from pathlib import Path

from sharklab.grading.gradebook import online_text


def test_find_gives_the_files_of_each_text_by_its_participant(tmp_path: Path) -> None:
    """In folders or without, at the top or in the folder of the download; links and leftovers are none."""
    names = (
        "x/Ann_1_assignsubmission_onlinetext_/a.png",
        "x/Ann_1_assignsubmission_onlinetext_/onlinetext.html",
        "x/Bob_2_assignsubmission_onlinetext_onlinetext.html",
        "x/Bob_2_assignsubmission_file_/a.md",
        "Cy_3_assignsubmission_onlinetext_/onlinetext.html",
        "a/b/c/d/Dan_4_assignsubmission_onlinetext_/onlinetext.html",
        "y/Ann_1_assignsubmission_onlinetext_/later.html",
        "._Eve_5_assignsubmission_onlinetext_onlinetext.html",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "Fay_6_assignsubmission_onlinetext_").mkdir()
    (tmp_path / "Gus_7_assignsubmission_onlinetext_").symlink_to(tmp_path / "x")
    found = online_text.find(tmp_path)
    files = {
        number: [file.relative_to(tmp_path).as_posix() for file in text.files]
        for number, text in found.items()
    }
    assert {"1": [*names[:2]], "2": [names[2]], "3": [names[4]]} == files
    assert "Ann_1_assignsubmission_onlinetext_" == found["1"].entry.name
