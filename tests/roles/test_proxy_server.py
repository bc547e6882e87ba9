"""Role proxy_server: it fetches pages for others, and connects them to HTTPS servers alone."""

from __future__ import annotations

from collections.abc import Callable

from testinfra.host import Host

from sharklab.lab.model import Plan

HostOf = Callable[[str], Host]


def curl(plan: Plan, options: str, url: str) -> str:
    """Return a curl command that goes by the proxy."""
    proxy = plan.seat.address("server", "lan").ipv4.ip
    return f"curl --silent --max-time 20 --proxy http://{proxy}:8888 {options} {url}"


def test_proxy_brings_a_page_from_where_the_client_cannot_go(reached: HostOf, reachability: Plan) -> None:
    """The client has no route to the site; the proxy looks its name up and goes there."""
    url, client = f"http://site.{reachability.seat.domain}/", reached("client")
    assert 7 == client.run(f"curl --silent --max-time 20 {url}").rc
    assert f"<title>{reachability.seat.token}</title>" in client.check_output(curl(reachability, "", url))


def test_proxy_connects_to_https_alone(reached: HostOf, reachability: Plan) -> None:
    """A tunnel to another port is refused: 403, and curl's exit code for it is 56."""
    done = reached("client").run(
        curl(reachability, "--proxytunnel --verbose", f"http://site.{reachability.seat.domain}/")
    )
    assert 56 == done.rc and " 403 " in done.stderr


def test_proxy_starts_with_the_host(reached: HostOf) -> None:
    """It runs and is enabled."""
    service = reached("server").service("tinyproxy")
    assert (True, True) == (service.is_running, service.is_enabled)
