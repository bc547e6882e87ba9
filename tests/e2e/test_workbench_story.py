"""A lesson in three browsers: two students and their instructor at one server behind nginx, on real seats.

One student does all of tp4 by typing, captures by button and hands in. The other one asks for help.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from sharklab.cli import flow
from sharklab.lab.model import Plan
from tests.support import picture_files, workbench_served
from tests.support.workbench_page import ClassPage, SeatPage, WorkbenchPage
from tests.support.workbench_served import Server

LAB = "tp4"
OPEN = "sudo firewall-cmd -q --permanent"
RELOAD = "sudo firewall-cmd -q --reload"
CLOSE = f"{OPEN} --remove-service={{cockpit,dhcpv6-client}}"
SERVICES = f"{OPEN} --add-service={{dns,nfs,https,imaps,mqtt,ntp}} && {OPEN} --add-port=3478/udp"
EXPORT = """\
NFS_CORE_PARAM { Protocols = 4; }
NFSv4 { Only_Numeric_Owners = true; Graceless = true; }
EXPORT { Export_Id = 1; Path = /srv/SHARE; Pseudo = /srv/SHARE; Access_Type = None;
FSAL { Name = VFS; } CLIENT { Clients = CLIENT_ADDRESS; Access_Type = RW; } }"""


def save_picture(page: WorkbenchPage, name: str, height: int, folder: Path) -> None:
    """Save the top of a page, for the documentation where SHARKLAB_PICTURES names its folder."""
    file = Path(os.environ.get("SHARKLAB_PICTURES", folder)) / name
    picture_files.save(page.page, file, {"x": 0, "y": 0, "width": 1280, "height": height})


@dataclass(frozen=True)
class Application:
    """An exercise with a capture: its host and filter, and its answers without the local port."""

    capture: str
    commands: tuple[str, ...]
    answers: Mapping[str, str]
    filter: str
    host: str = "desktop"


def applications(plan: Plan) -> list[Application]:
    """Return what a student does to use each application, and answers about it."""
    server = str(plan.seat.address("server", "lan").ipv4.ip)
    domain, token = plan.seat.domain, plan.seat.token
    curl = "curl -sS --netrc-optional --rate 120/m -o /dev/null"
    www, mail = f"https://www.{domain}", f"imaps://mail.{domain}"

    def one(capture: str, transport: str, port: int, *commands: str, host: str = "desktop") -> Application:
        told = {"server_address": server, "server_port": str(port), "transport": transport}
        return Application(capture, commands, told, f"port {port} and host {server}", host)

    share = f"/mnt/{plan.seat.share}"
    told = {"dns_server_address": server, "dns_server_port": "53", "transport": "udp"}
    return [
        Application("dns", (f"host {domain}",), told, "port 53", "client"),
        one("web", "tcp", 443, f"curl -sS --rate 120/m -o /dev/null {www}/ -o /dev/null {www}/page2.html"
            f" -o /dev/null {www}/page3.html"),
        one("mail", "tcp", 993, f"{curl} '{mail}/' -o /dev/null '{mail}/INBOX;MAILINDEX=1'"),
        one("chat", "tcp", 1883, f"mosquitto_pub -h chat.{domain} -t tp4/{token} -m {token} --repeat 4"),
        one("time", "udp", 123, f"/usr/sbin/chronyd -Q -U -t 20 'server ntp.{domain} iburst maxsamples 2'"
            " 'acquisitionport 20123'"),
        one("voice", "udp", 3478, f"turnutils_uclient -c -X -y -u {token} -w {token} -n 5 voice.{domain}"
            " > /dev/null"),
        one("ssh", "tcp", 22, f"ssh server.{domain} 'hostname; ls /etc' > /dev/null"),
        one("nfs", "tcp", 2049, f"sudo mount {share}", f"df -hT {share}", f"ls -l {share}",
            f"cat {share}/readme.txt", f"echo {token} > {share}/note.txt",
            f"! echo more >> {share}/readme.txt", f"! cat {share}/absent.txt", host="client"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def server(student: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Bring up the seats of ada and bob, and serve the class."""
    names = [student("ada"), student("bob")]
    own = workbench_served.prepare(tmp_path_factory.mktemp("class"), LAB, names)
    try:
        assert 0 == own.run("seats", "up", LAB, "--roster", str(own.roster))["code"]
        with (
            workbench_served.behind_proxy(own.place, "/lab") as (url, port),
            workbench_served.running(own, "--port", str(port), "--url", url) as served,
        ):
            yield served
    finally:
        own.run("seats", "down", LAB, "--roster", str(own.roster), "--yes")


def work(page: SeatPage, plan: Plan) -> None:
    """Do all of tp4 in the terminals, and record by button."""
    address = {host: str(plan.seat.address(host, "lan").ipv4.ip) for host in ("server", "client", "desktop")}
    set_up_network(page, plan, address["server"])
    set_up_logins(page, plan)
    set_up_share(page, plan, address)
    for own in applications(plan):
        local_port = record(page, own)
        answers = {**own.answers, **({} if own.capture == "dns" else {"local_port": local_port})}
        page.open_tab("work")
        for question, text in answers.items():
            page.answer(own.capture, question, text)


def set_up_network(page: SeatPage, plan: Plan, server: str) -> None:
    """Set up the firewalls and the resolvers."""
    page.terminal("server").run(f"{CLOSE} && {SERVICES} && {RELOAD}")
    resolver = f"sudo nmcli con mod lan ipv4.dns {server} ipv4.dns-search {plan.seat.domain}"
    for host in ("client", "desktop"):
        page.terminal(host).run(f"{CLOSE} && {RELOAD} && {resolver} && sudo nmcli -t con up lan")


def set_up_logins(page: SeatPage, plan: Plan) -> None:
    """Carry a public key from the terminal of one host to those of the others."""
    desktop = page.terminal("desktop")
    desktop.run("mkdir -pm 700 ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 <<< y")
    desktop.run("cat ~/.ssh/id_ed25519.pub")
    [key] = set(re.findall(r"ssh-ed25519 \S{68}", desktop.screen.text_content() or ""))
    for host in ("server", "client"):
        page.terminal(host).run(f"mkdir -pm 700 ~/.ssh && echo '{key}' >> ~/.ssh/authorized_keys")
    accept = "ssh -o StrictHostKeyChecking=accept-new"
    hosts = " ".join(f"{host}.{plan.seat.domain}" for host in ("server", "client"))
    page.terminal("desktop").run(f"for host in {hosts}; do {accept} $host true || break; done")


def set_up_share(page: SeatPage, plan: Plan, address: Mapping[str, str]) -> None:
    """Export a folder by nfs-ganesha, and have it mounted at each start of `client`."""
    share, server = plan.seat.share, page.terminal("server")
    server.run("sudo apt-get install -qqy nfs-ganesha nfs-ganesha-vfs > /dev/null 2>&1")
    server.run(
        f"sudo mkdir -pm 1777 /srv/{share} && echo {plan.seat.token} | sudo tee /srv/{share}/readme.txt"
    )
    text = EXPORT.replace("SHARE", share).replace("CLIENT_ADDRESS", address["client"])
    server.type("sudo tee /etc/ganesha/ganesha.conf > /dev/null << END", *text.splitlines(), "END")
    server.run("sudo systemctl enable -q nfs-ganesha && sudo systemctl restart nfs-ganesha")
    line = f"{address['server']}:/srv/{share} /mnt/{share} fuse.nfs4 _netdev 0 0"
    made = f"sudo mkdir -p /mnt/{share} && echo '{line}' | sudo tee -a /etc/fstab"
    page.terminal("client").run(f"sudo umount -q /mnt/{share}; {made}")


def look_at_share(page: SeatPage, plan: Plan) -> None:
    """Look at the share on a clear screen, as students do: `run` types a mark behind each command."""
    terminal, share = page.terminal("client"), f"/mnt/{plan.seat.share}"
    terminal.type("clear")
    expect(terminal.screen).not_to_contain_text("end-")
    terminal.type(f"df -hT {share}", f"ls -l {share}", f"cat {share}/readme.txt", f"touch {share}/readme.txt")
    expect(terminal.screen).to_contain_text("Permission denied")


def record(page: SeatPage, own: Application) -> str:
    """Record an application, keep the capture, and return the local port of its first packet."""
    terminal, packets = page.terminal(own.host), page.packets(own.host)
    packets.record(own.filter)
    for command in own.commands:
        terminal.run(command)
    packets.rows.first.wait_for()
    packets.settle()
    packets.stop()
    layers = packets.open_first()
    packets.keep(own.capture)
    ports = re.search(r"Src Port: (\d+)", layers)
    assert ports
    return ports[1]


def help_out(teacher: ClassPage, student: SeatPage, name: str) -> None:
    """The instructor sees a raised hand, types in the student's terminal, and leaves when all is well."""
    seen = student.terminal("client")
    student.ask_for_help()
    expect(teacher.row(name)).to_have_class("asks")
    student.at(".asking form:has(input[value=type]) button").click()
    student.at(".asking form:has(input[value=see])").wait_for()
    teacher.visit(name)
    expect(teacher.at(".mark")).to_be_visible()
    teacher.terminal("client").run("echo $((6 * 7)) is the answer")
    expect(seen.screen).to_contain_text("42 is the answer")
    expect(seen.own.locator(".viewers output")).to_contain_text("enseignant")
    teacher.go_back()
    teacher.row(name).locator("td button", has_text="helped").click()
    expect(teacher.row(name)).not_to_have_class("asks")
    expect(student.at(".hand button")).to_have_attribute("aria-pressed", "false")


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file of a gradebook, by its path; its lock names a process."""
    found = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    return {name: file.read_bytes() for name, file in found.items() if name != ".lock"}


def test_lesson(server: Server, browser: Browser, firefox: Browser, tmp_path: Path) -> None:
    """Everything earns every point, the help comes, the class shows it, and grades are those of commands."""
    begun = time.monotonic()

    def lap(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {what}")

    ada, bob = (line.split(",")[0] for line in server.roster.read_text().splitlines()[1:])
    with ExitStack() as stack:
        pages = [
            ClassPage(browser, server.link),
            SeatPage(browser, server.student_link(ada)),
            SeatPage(firefox, server.student_link(bob), "fr"),
        ]
        for page in pages:
            stack.callback(page.close)
        teacher, own, other = pages
        assert isinstance(teacher, ClassPage) and isinstance(own, SeatPage) and isinstance(other, SeatPage)
        lap("all pages are open")
        help_out(teacher, other, bob)
        lap("bob is helped")
        plan = flow.look_up(LAB, ada)
        work(own, plan)
        lap("ada has done the work")
        total = own.check()
        folder = str(server.place / "state" / "work" / LAB / ada)
        checked = server.run("check", LAB, "--student", ada, "--folder", folder)
        lap("the work is checked, twice")
        points, worth = (checked["result"][key] for key in ("points", "worth"))
        assert points == worth and total == f"Sum: {points:g} of {worth:g}"
        look_at_share(own, plan)
        save_picture(own, "workbench.png", 860, tmp_path)
        digest = own.hand_in()
        [kept] = (server.place / "state" / "handed" / LAB).iterdir()
        assert digest == hashlib.sha256(kept.read_bytes()).hexdigest()
        expect(teacher.row(ada).locator(".state.now")).to_have_count(len(plan.lab.exercises))
        expect(teacher.row(ada)).to_contain_text(f"{points:g}/{worth:g}")
        save_picture(teacher, "workbench-class.png", 460, tmp_path)
        teacher.at("#gradebook form[hx-post$='/class/grade'] button").click()
        teacher.at("#gradebook a[href*='class.en.html']").wait_for()
        words = ("grade", str(kept.parent), "--roster", str(server.roster), "-o", str(tmp_path / "gradebook"))
        assert 0 == server.run(*words)["code"]
        [graded] = (server.place / "state" / "gradebooks").iterdir()
        assert files(graded) == files(tmp_path / "gradebook")
        lap("the class is graded, twice")
