"""Requests to an engine, each with a time limit, and the waiting for its operations.

Source: the REST API of LXD (https://documentation.ubuntu.com/lxd/en/latest/rest-api/) and Incus
(https://linuxcontainers.org/incus/docs/main/rest-api/), which is the same in all that is used here.
httpx2 is imported at the first request, because other verbs do not use it.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from sharklab.errors import MachineryError
from sharklab.hosts.providers.cluster.endpoint import ENGINES, EngineEndpoint
from sharklab.hosts.providers.cluster.errors import (
    AlreadyThere,
    EngineRefusal,
    NotFound,
    TooLate,
    Unreachable,
)
from sharklab.message import N_, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

SECONDS = 30.0
"""The time limit of a request that the engine answers at once, in seconds."""

CONNECT_SECONDS = 5.0
GRACE_SECONDS = 10.0
"""Seconds that an answer may come after the limit which the engine itself was given."""

CONNECTIONS = 64
"""Requests at the same time; a thread that finds no free connection waits."""

LOOK = N_("look at the state of the cluster: ./sharklab doctor --provider cluster")

LOST = (
    "Missing event connection with target",
    "Unable to connect to:",
    "peer node",
    "no available dqlite",
    "isn't ready yet",
    '": EOF',
    "unexpected EOF",
)
"""The words of the engines for a member that is down or starts, which has no code of its own when another
member tells it (LXD 5.0.2, Incus 6.0.4)."""

DATABASE_BUSY = "Failed to begin transaction"
"""The words of the engines when their database did not answer in time: nothing was done yet (LXD 5.0.2)."""

BUSY_PAUSE = 1.0
"""Seconds until such a request is sent again."""

FULL = "No space left on device"

LIMIT_REACHED = "Reached maximum"
"""The words of the engines for every limit of a project (LXD 5.0.2)."""

ANSWERS = ("sync", "async", "error")
"""The types of answers of an engine."""

STARTS = 503
"""The status of HTTP that a member gives while its engine starts or ends."""

TAKEN = ("already exists", "UNIQUE constraint failed: instances")
"""The words of the engines for a name that is taken. LXD 5.0.2 and Incus 6.0.4 give 400 for an instance."""

Query = Mapping[str, str | int]
Body = bytes | IO[bytes]


def path(*words: str) -> str:
    """Return the path of the API for `words`; each is one part, whatever characters it has."""
    return "/".join(("/1.0", *(quote(word, safe="") for word in words)))


class Transport:
    """A connection to one engine. Threads may share it."""

    def __init__(self, endpoint: EngineEndpoint) -> None:
        self.endpoint = endpoint
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client:
            client.close()

    def get(self, where: str, *, limit: float = SECONDS, **query: str | int) -> Any:
        """Return the content at `where`. Raises EngineRefusal, NotFound or Unreachable."""
        return _when_free(lambda: self._ask("GET", where, query, limit), limit)["metadata"]

    def download(self, where: str, target: Path, *, limit: float, **query: str | int) -> str:
        """Write the file that the engine has at `where`, and return its Content-Type. Raises as `get`."""
        import httpx2

        timeout = httpx2.Timeout(limit, connect=CONNECT_SECONDS)
        with (
            self._failures("GET", where, limit),
            self._open_client().stream("GET", where, params=dict(query), timeout=timeout) as answer,
        ):
            if not answer.is_success:
                answer.read()
                self._check_answer("GET", where, answer)
            with target.open("wb") as file:
                for block in answer.iter_bytes():
                    file.write(block)
            return str(answer.headers.get("content-type", ""))

    def bytes_of(self, where: str, *, limit: float = SECONDS, **query: str | int) -> bytes:
        """Return the file that the engine has at `where`. Raises as `get`."""
        answer = self._send("GET", where, query, limit)
        if answer.headers.get("content-type", "").startswith("application/json") and not answer.is_success:
            self._check_answer("GET", where, answer)
        return bytes(answer.content)

    def change(
        self, method: str, where: str, body: object = None, *, limit: float = SECONDS, **query: str | int
    ) -> Mapping[str, Any]:
        """Send `body` and wait, `limit` seconds at most, until the engine has done the work.

        Return the finished operation, empty for a change without one.
        Raises EngineRefusal (NotFound, AlreadyThere), Unreachable or TooLate.
        """
        return _when_free(lambda: self._wait_for_operation(method, where, query, limit, json=body), limit)

    def begin(self, method: str, where: str, body: object = None, **query: str | int) -> Mapping[str, Any]:
        """Send `body`, and return the operation that it began, which goes on. Raises as `get`."""
        begun: Mapping[str, Any] = self._ask(method, where, query, SECONDS, json=body)["metadata"]
        return begun

    def upload(
        self,
        method: str,
        where: str,
        content: Body,
        headers: Mapping[str, str],
        *,
        limit: float = SECONDS,
        **query: str | int,
    ) -> Mapping[str, Any]:
        """Send the bytes of `content`, else as `change`."""
        return self._wait_for_operation(method, where, query, limit, content=content, headers=dict(headers))

    def upload_parts(
        self,
        where: str,
        parts: Mapping[str, IO[bytes]],
        headers: Mapping[str, str],
        *,
        limit: float,
        **query: str | int,
    ) -> Mapping[str, Any]:
        """Send files as a form of several parts, in their order, else as `change`."""
        files = {name: (name, part, "application/octet-stream") for name, part in parts.items()}
        return self._wait_for_operation("POST", where, query, limit, files=files, headers=dict(headers))

    def _wait_for_operation(
        self, method: str, where: str, query: Query, limit: float, **request: Any
    ) -> Mapping[str, Any]:
        """Ask, and wait for the operation that this began, in the time that is left."""
        begun = time.monotonic()
        answer = self._ask(method, where, query, limit, **request)
        if answer["type"] != "async":
            return {}
        operation = str(answer["operation"]).partition("?")[0]
        return self.finish(method, where, operation, limit - (time.monotonic() - begun), limit)

    def finish(self, method: str, where: str, operation: str, left: float, limit: float) -> Mapping[str, Any]:
        """Wait `left` seconds for an operation that a request began, and return it as `change` does.

        `limit` is the time limit that an error names.
        """
        left = max(1, math.ceil(left))
        answered = self._send("GET", f"{operation}/wait", {"timeout": left}, left + GRACE_SECONDS)
        done = self._check_answer(method, where, answered)  # Incus refuses here, LXD in the operation
        result: Mapping[str, Any] = done["metadata"]
        if result["status"] == "Success":
            return result
        if result["status"] in ("Running", "Pending"):
            self.cancel(operation)
            raise TooLate(
                N_("the engine did not end the work within {seconds:g} s"),
                place=self._place(method, where),
                hint=LOOK,
                seconds=limit,
            )
        raise self._make_refusal(
            method, where, int(result["status_code"]), str(result.get("err") or result["status"])
        )

    def cancel(self, operation: str) -> None:
        """Ask the engine to give up; most operations cannot be cancelled, and go on."""
        try:
            self._ask("DELETE", operation, {}, SECONDS)
        except MachineryError:
            return

    def _ask(self, method: str, where: str, query: Query, limit: float, **request: Any) -> Mapping[str, Any]:
        return self._check_answer(method, where, self._send(method, where, query, limit, **request))

    def _check_answer(self, method: str, where: str, answer: httpx2.Response) -> Mapping[str, Any]:
        """Return the answer's JSON. Raises EngineRefusal when it says no, Unreachable for another form."""
        try:
            content = answer.json()
            if not isinstance(content, Mapping) or content.get("type") not in ANSWERS:
                raise ValueError
        except ValueError:
            raise Unreachable(
                N_("this is no engine of Incus or LXD: its answer has another form (HTTP {code})"),
                place=self._place(method, where),
                hint=LOOK,
                code=answer.status_code,
            ) from None
        if content.get("type") == "error":
            raise self._make_refusal(method, where, int(content["error_code"]), str(content["error"]))
        return content

    def _send(self, method: str, where: str, query: Query, limit: float, **request: Any) -> httpx2.Response:
        import httpx2

        if self.endpoint.socket:
            self._knock(self.endpoint.socket, method, where)
        timeout = httpx2.Timeout(limit, connect=CONNECT_SECONDS)
        with self._failures(method, where, limit):
            return self._open_client().request(method, where, params=dict(query), timeout=timeout, **request)

    def _knock(self, place: Path, method: str, where: str) -> None:
        """Raise Unreachable unless a program listens at the socket; httpx2 leaks its own socket then."""
        try:
            with socket.socket(socket.AF_UNIX) as tried:
                tried.settimeout(CONNECT_SECONDS)
                tried.connect(str(place))
        except OSError as error:
            raise self._unreachable(method, where, error) from None

    @contextmanager
    def _failures(self, method: str, where: str, limit: float) -> Iterator[None]:
        """Turn the errors of the connection into sentences."""
        import httpx2

        try:
            yield
        except httpx2.ConnectError as error:
            raise self._unreachable(method, where, error) from None
        except httpx2.TimeoutException:
            raise TooLate(
                N_("the engine did not answer within {seconds:g} s"),
                place=self._place(method, where),
                hint=LOOK,
                seconds=limit,
            ) from None
        except httpx2.HTTPError as error:
            raise Unreachable(
                N_("the connection to the engine broke: {reason}"),
                place=self._place(method, where),
                hint=LOOK,
                reason=str(error) or type(error).__name__,
            ) from None

    def _unreachable(self, method: str, where: str, error: Exception) -> MachineryError:
        cause = error
        while not isinstance(cause, OSError) and (cause.__cause__ or cause.__context__):
            cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
        hint = N_("start the engine; ./sharklab doctor --provider cluster tries it")
        if isinstance(cause, PermissionError):
            hint = N_("the members of group {group} may ask the engine; root may, too")
        elif isinstance(cause, ssl.SSLCertVerificationError):
            hint = N_(
                "add the remote again by `incus remote add` or `lxc remote add`: its certificate is another"
            )
        reason: object = refusal(cause) if isinstance(cause, OSError) and cause.strerror else str(error)
        groups = " / ".join(one.group for one in ENGINES)
        return Unreachable(
            N_("no connection to the engine: {reason}"),
            place=self._place(method, where),
            hint=hint,
            reason=reason,
            group=groups,
        )

    def _make_refusal(self, method: str, where: str, code: int, said: str) -> MachineryError:
        if FULL in said:  # the engine adds a line for each file of an image
            return EngineRefusal(
                N_("the storage of a member is full: {said}"),
                place=self._place(method, where),
                hint=N_("take seats down, or make the storage pool larger"),
                said=said.partition("\n")[0],
            )
        if LIMIT_REACHED in said:
            return EngineRefusal(
                N_("a limit of the project on the cluster is reached: {said}"),
                place=self._place(method, where),
                hint=N_("take seats down, or raise the limit: `incus project set` or `lxc project set`"),
                said=said,
            )
        if code == STARTS or any(words in said for words in LOST):
            return Unreachable(
                N_("a member of the cluster does not answer: {said}"),
                place=self._place(method, where),
                hint=LOOK,
                said=said,
            )
        if any(words in said for words in TAKEN):
            code = 409
        kinds: Mapping[int, type[EngineRefusal]] = {404: NotFound, 409: AlreadyThere}
        hint = (
            N_("give this client the rights for it: docs/cluster.md has the steps")
            if code in (401, 403)
            else LOOK
        )
        error = kinds.get(code, EngineRefusal)(
            N_("the engine refused: {said}"), place=self._place(method, where), hint=hint, said=said
        )
        error.code = code
        return error

    def _place(self, method: str, where: str) -> str:
        return f"{self.endpoint.place}, {method} {where}"

    def _open_client(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                self._client = _open(self.endpoint)
            return self._client


def _when_free(ask: Callable[[], Mapping[str, Any]], limit: float) -> Mapping[str, Any]:
    """Return the answer to a request. While the database is busy it is sent again, `limit` seconds at most.

    Raises as the request does.
    """
    deadline = time.monotonic() + limit
    while True:
        try:
            return ask()
        except EngineRefusal as error:
            if DATABASE_BUSY not in str(error.values["said"]) or time.monotonic() > deadline:
                raise
        time.sleep(BUSY_PAUSE)


def _open(endpoint: EngineEndpoint) -> httpx2.Client:
    import httpx2

    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    if endpoint.socket:
        transport = httpx2.HTTPTransport(uds=str(endpoint.socket), limits=limits)
        return httpx2.Client(base_url=endpoint.address, transport=transport, trust_env=False)
    return httpx2.Client(base_url=endpoint.address, verify=certificates(endpoint), limits=limits)


def certificates(endpoint: EngineEndpoint) -> ssl.SSLContext:
    """Return the certificates that TLS checks and shows. One that the client has pinned decides alone."""
    pinned = endpoint.server_certificate
    try:
        context = ssl.create_default_context(cafile=str(pinned) if pinned else None)
        if pinned:
            context.check_hostname = False  # the certificate itself is pinned, whatever name it has
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if endpoint.certificate and endpoint.key:
            context.load_cert_chain(endpoint.certificate, endpoint.key)
    except OSError as error:
        raise MachineryError(
            N_("the certificates of this remote cannot be read: {reason}"),
            place=endpoint.place,
            hint=N_("add the remote again by `incus remote add` or `lxc remote add`"),
            reason=refusal(error),
        ) from None
    return context
