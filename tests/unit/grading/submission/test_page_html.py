"""HTML in pages: its blocks become lines of Markdown."""

from __future__ import annotations

import pytest

from sharklab.grading.submission.page_html import lines

TABLE = """
<table border=1>
<caption>Réponses</caption>
<thead><tr><th>app</th>
  <th>IP|port</th></tr></thead>
<TR><TD><p>SSH</p></TD><td>192.0.2.9<br>:22&nbsp;
</td></TR>
<tr><td>DNS<td>53
</table>
after
"""


def test_lines_of_a_table() -> None:
    """A row is a line; tags that end nothing may be missing, and a cell may have lines."""
    found = [each for each in lines(TABLE) if each[1]]
    assert [
        (3, "Réponses"),
        (4, "| app | IP/port |"),
        (6, "| SSH | 192.0.2.9<br>:22 |"),
        (8, "| DNS | 53 |"),
        (10, "after"),
    ] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<h2 id=a>SSH</h2>port", ["## SSH", "port"]),
        ("<h2>\nSSH\n</h2>", ["## SSH"]),
        ("<ul><li>a<li>b</ul>c", ["- a", "- b", "c"]),
        ("<dl><dt>a<dd>b</dl>", ["a", "b"]),
        ("<b>a</b> &gt; b", ["<b>a</b> > b"]),
        ("a<!-- port: 1\n -->b", ["a", "b"]),
        ("a<script>port: 1</script>b<style>c", ["ab<style>c"]),
        ("<tr></tr>a", ["a"]),
        ("<tr>x<td>a", ["| a |"]),
        ("<table>\n<tr>\n\n<td>a</td>\n</tr>\n\n<tr><td>b</td></tr></table>", ["| a |", "| b |"]),
        ("İ<!--a-->b", ["İb"]),
        ("a\n\nb", ["a", "", "b"]),
    ],
)
def test_lines_of_other_blocks(text: str, found: list[str]) -> None:
    """Other tags stay; comments and programs are left out."""
    shown = [line for _, line in lines(text)]
    assert found == [line for line in shown if line or "" in found]


def test_lines_has_the_numbers_of_the_page() -> None:
    """Also behind what is left out."""
    text = "a\n<!--\n-->\n<p>b</p>\nc"
    assert [(1, "a"), (4, "b"), (5, "c")] == [each for each in lines(text) if each[1]]
