"""The pages of a student, as a browser asks for them, with a desk and a lab of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sharklab.cli.workbench.web import guard, pages
from sharklab.grading.submission import sheet
from tests.support import packets_made, workbench


def test_link_is_exchanged_once(bench: workbench.Bench) -> None:
    """Looking at a link uses nothing up; its button gives the cookie, and the second button nothing."""
    bench.links.add("token", bench.reader())
    browser = bench.stranger()
    for _ in range(2):
        assert 'value="token"' in browser.get("/enter/token").text
    answer = browser.post("/enter", data={"token": "token"})
    assert (303, "/") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/;"))
    assert bench.at + "/" == browser.get("/").headers["location"]
    assert 200 == browser.get(bench.at + "/").status_code
    assert 401 == bench.stranger().post("/enter", data={"token": "token"}).status_code
    assert 401 == bench.stranger().get(bench.at + "/").status_code


@pytest.mark.parametrize(("lang", "word"), [("en", "Exercises"), ("fr", "Exercices")])
def test_page_shows_brief_fields_and_captures(bench: workbench.Bench, lang: str, word: str) -> None:
    """Each reader has the page in their own language, and the form is made."""
    page = bench.browser(lang=lang).get(bench.at + "/").text
    assert f'<html lang="{lang}">' in page
    assert f">{word}</button>" in page
    assert "mylab of alice" in page
    assert 'id="answer-page-server_port"' in page
    assert "<code>page.pcap</code>" in page
    assert (bench.folder / sheet.NAME).is_file()


def test_answer_is_saved_as_it_is_typed(bench: workbench.Bench) -> None:
    """The next page shows it."""
    browser = bench.browser()
    browser.get(bench.at + "/")
    given = {"exercise": "page", "question": "server_port", "value": '80"><script>'}
    assert 200 == browser.post(bench.at + "/answers", data=given).status_code
    page = browser.get(bench.at + "/").text
    assert "<script>" not in page.replace("<script ", "")
    assert 'value="80&#34;&gt;&lt;script&gt;"' in page


def test_refused_answer_is_told_in_its_place(bench: workbench.Bench) -> None:
    """The error is a part of the page, in the reader's language."""
    browser = bench.browser(lang="fr")
    browser.get(bench.at + "/")
    answer = browser.post(bench.at + "/answers", data={"exercise": "x", "question": "y", "value": "1"})
    assert (422, True) == (answer.status_code, 'role="alert"' in answer.text)


def upload(bench: workbench.Bench, content: bytes) -> tuple[int, str]:
    """Upload a file for the capture `page`; return the status and the part of the page."""
    browser = bench.browser()
    browser.get(bench.at + "/")
    answer = browser.post(
        bench.at + "/captures",
        data={"id": "page", "exercise": "page"},
        files={"file": ("../../x.pcap", content)},
    )
    return answer.status_code, answer.text


def test_uploaded_capture_is_kept(bench: workbench.Bench, tmp_path: Path) -> None:
    """Its name on the student's computer counts for nothing."""
    packets_made.pcap(tmp_path / "x", 1, [b"\0" * 60], "<", 1000)
    status, part = upload(bench, (tmp_path / "x").read_bytes())
    assert (200, True) == (status, "<code>page.pcap</code>" in part)
    assert ["page.pcap"] == [file.name for file in (bench.folder / "captures").iterdir()]
    assert part == bench.browser().get(bench.at + "/captures?exercise=page").text


def test_uploaded_capture_is_explained(bench: workbench.Bench) -> None:
    """The page and its copy for Wireshark come from the desk; other names are refused."""
    upload(bench, (Path(packets_made.__file__).parents[1] / "data" / "reset.pcap").read_bytes())
    browser = bench.browser()
    page = browser.get(bench.at + "/captures/page")
    assert (200, True) == (page.status_code, "text/html" in page.headers["content-type"])
    [link] = set(re.findall(r'href="([^"/#]*annotated[^"]*)"', page.text))
    copy = browser.get(f"{bench.at}/captures/{link}")
    assert (200, b"\x0a\x0d\x0d\x0a") == (copy.status_code, copy.content[:4])
    for name in ("other", "page.annotated.xx.pcapng", "..%2fanswers.yml"):
        assert browser.get(f"{bench.at}/captures/{name}").status_code in (404, 422)


def test_uploaded_text_is_refused_in_its_place(bench: workbench.Bench) -> None:
    """The list of captures comes back with the error."""
    status, part = upload(bench, b"no capture")
    assert (200, True) == (status, 'role="alert"' in part)
    assert [] == list((bench.folder / "captures").iterdir())


def test_check_says_what_the_command_says(bench: workbench.Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Every sentence of `sharklab check` is on the page, and no other finding."""
    from tests.support.command import run

    browser = bench.browser()
    browser.get(bench.at + "/")
    part = browser.post(bench.at + "/check").text
    run("check", str(bench.plan.source.path), "--student", "alice", "--folder", str(bench.folder))
    text = " ".join(re.sub(r"<[^>]*>", " ", part).replace("&#39;", "'").split())
    lines = [" ".join(line.split()).removeprefix("→ ") for line in capsys.readouterr().out.splitlines()]
    assert lines
    for line in lines[1:]:  # the first names the exercise, whose title is on the page already
        for piece in line.lstrip("✗ ").split(" ("):
            assert piece.rstrip(")") in text


def test_hand_in_gives_receipt_and_file(bench: workbench.Bench) -> None:
    """The digest on the page is that of the file that the browser loads."""
    import hashlib

    browser = bench.browser()
    browser.get(bench.at + "/")
    assert 422 == browser.get(bench.at + "/bundle").status_code
    receipt = browser.post(bench.at + "/hand-in").text
    file = browser.get(bench.at + "/bundle")
    assert hashlib.sha256(file.content).hexdigest() in receipt
    assert "mylab-alice.sharklab" in file.headers["content-disposition"]


@pytest.mark.parametrize(
    ("back", "place"),
    [("/seats/x/y/", "/seats/x/y/"), ("//evil", "/"), ("http://evil", "/"), ("/\\evil", "/")],
)
def test_language_is_kept_and_leads_back(bench: workbench.Bench, back: str, place: str) -> None:
    """The way back never leads to another site."""
    answer = bench.browser().post("/language", data={"language": "fr", "back": back})
    assert (303, place) == (answer.status_code, answer.headers["location"])
    assert f"{guard.LANGUAGE}=fr" in answer.headers["set-cookie"]


def test_unknown_lab_of_a_cookie_is_told(bench: workbench.Bench) -> None:
    """A cookie of an older server may name a lab that this one does not serve."""
    from sharklab.cli.workbench.identity import Reader

    old = Reader("alice", seats=frozenset({("other", "alice")}))
    assert 500 == bench.browser(old).get("/seats/other/alice/").status_code


def test_site_below_a_path(mylab: Path, tmp_path: Path) -> None:
    """Behind a proxy, every link and cookie has the path in front."""
    from sharklab.cli.workbench.site import Site

    bench = workbench.Bench(str(mylab), "alice", tmp_path / "work", Site("https://lab.example", "/bench"))
    page = bench.browser().get(bench.at + "/")
    assert 200 == page.status_code
    links = re.findall(r'(?:href|src|action|hx-post)="(/[^"]*)"', page.text)
    assert links
    assert all(link.startswith("/bench/") for link in links)


def test_hosts_of_a_seat_have_their_state(bench: workbench.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words are the reader's; a seat that is not up has no host."""
    browser = bench.browser(lang="fr")
    assert "<li>" not in browser.get(bench.at + "/hosts").text
    found = [{"hosts": {"server": "running"}}]
    monkeypatch.setattr("sharklab.cli.workbench.desk.student_desk.seats.status", lambda lab, student: found)
    part = browser.get(bench.at + "/hosts").text
    assert ("server" in part, "running" in part, "<button" in part) == (True, False, False)


NO_FILES = """
import sys
from sharklab import i18n
from sharklab.cli.workbench.web import pages
from sharklab.cli.workbench.site import Site

def refuse(event, args):
    if event == "open" or event == "import" and args[0] not in sys.modules:
        raise PermissionError(args[0])

row = {"student": "alice", "name": "A", "hand": 3, "right": "see", "letters": 1, "hosts": {}, "job": "",
       "warnings": ["x"],
       "failed": "", "exercises": [], "points": 1234.5, "worth": 2000.25, "changed": 5, "stuck": 3,
       "is_done": False, "hints": 0, "handed": 1.0, "handed_at": "10:00", "clock": {"ends": 0}}
own = {"lab": "mylab", "title": "A lab", "is_exam": True, "rows": [row], "shown": [row]}
pages.load(i18n.languages())
sys.addaudithook(refuse)
for language in i18n.languages():
    text = pages.write("class.html.j2", language, Site("http://x"), own=own, has_terminals=True, said="no")
    assert "2,000.25" in text or "2\u202f000,25" in text, text
"""


def test_everything_is_loaded_before_rights_are_given_up() -> None:
    """Numbers have the separators of a language, which Babel keeps in files; no file is opened any more."""
    found = subprocess.run([sys.executable, "-P", "-c", NO_FILES], capture_output=True, text=True)
    assert (0, "") == (found.returncode, found.stderr)


def test_hint_says_its_command() -> None:
    """As each button does."""
    mark = {
        "sign": "✗",
        "found": "no",
        "points": "0",
        "steps": [],
        "expected": "",
        "look": "",
        "hint": "ssh/open",
    }
    exercise = {"id": "ssh", "sign": "✗", "points": "0", "marks": [mark]}
    found = {"notes": [], "problems": [], "lines": [], "sum": "", "exercises": [exercise]}
    text = pages.write("checked.html.j2", "en", workbench.SITE, at="/seats/tp4/alice", found=found)
    assert "sharklab check tp4 --student alice --hint ssh/open" in text
