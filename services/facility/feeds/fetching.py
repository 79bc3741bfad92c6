"""Reading a calendar from an address that somebody typed in.

Every name is resolved here, every address it leads to is judged, and the connection goes to one that was judged: a name
that resolves to something else a moment later changes nothing. Redirects are followed by hand, each by the same rules.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.facility.feeds import addresses
from services.facility.feeds.addresses import Address, Networks
from services.facility.feeds.domain import Broken

Resolve = Callable[[str, int], Awaitable[list[str]]]
_MOST_TRIED = 2
_PORTS = {"https": 443, "http": 80}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_VALIDATOR = 500


@dataclass(frozen=True)
class Limits:
    bytes: int = 5 * 1024 * 1024
    seconds: float = 15.0
    redirects: int = 3


@dataclass(frozen=True)
class Fetched:
    """`content` None: it has not changed."""

    content: bytes | None
    etag: str | None = None
    modified: str | None = None


async def resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Fetcher:
    def __init__(
        self,
        allowed: Networks = (),
        ca_file: Path | None = None,
        resolve: Resolve = resolve,
        limits: Limits = Limits(),
    ) -> None:
        self.allowed = allowed
        self._tls = ssl.create_default_context()
        if ca_file:
            self._tls.load_verify_locations(ca_file)
        self._resolve = resolve
        self._limits = limits

    async def get(self, url: str, etag: str | None = None, modified: str | None = None) -> Fetched:
        """Raises Broken, whatever goes wrong; never anything that repeats the address."""
        validators = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in validators.items() if value}
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._follow(addresses.read(url), headers)
        except (TimeoutError, httpx.TimeoutException):
            raise Broken("timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise Broken("certificate" if _is_tls(error) else "unreachable") from None

    async def _follow(self, url: httpx.URL, headers: dict[str, str]) -> Fetched:
        for _ in range(self._limits.redirects + 1):
            found = await self._ask(url, headers)
            if isinstance(found, Fetched):
                return found
            url = addresses.read(str(url.join(found)))
        raise Broken("too_many_redirects")

    async def _ask(self, url: httpx.URL, headers: dict[str, str]) -> Fetched | str:
        """What it answers, or where else it is."""
        port = url.port or _PORTS[url.scheme]
        checked = addresses.check(url, await self._resolve(url.raw_host.decode("ascii"), port), self.allowed)
        *first, last = checked[:_MOST_TRIED]
        for address in first:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):  # the next address may answer
                return await self._ask_at(address, url, headers)
        return await self._ask_at(last, url, headers)

    async def _ask_at(self, address: Address, url: httpx.URL, headers: dict[str, str]) -> Fetched | str:
        """The certificate must be the name's, although the connection goes to the address."""
        name = url.raw_host.decode("ascii")
        sent = {
            "Host": url.netloc.decode("ascii"),
            "Accept": "text/calendar, */*;q=0.5",
            "Accept-Encoding": "identity",
            "User-Agent": "Torg",
            **headers,
        }
        transport = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)
        timeout = httpx.Timeout(self._limits.seconds, connect=self._limits.seconds / 3)
        async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
            there = url.copy_with(host=str(address))
            asked = client.build_request("GET", there, headers=sent, extensions={"sni_hostname": name})
            answer = await client.send(asked, stream=True)
            try:
                return await self._read(answer, headers)
            finally:
                await answer.aclose()

    async def _read(self, answer: httpx.Response, asked: dict[str, str]) -> Fetched | str:
        if answer.status_code in _REDIRECTS and "location" in answer.headers:
            return str(answer.headers["location"])
        if answer.status_code == 304 and asked:
            return Fetched(None)
        if answer.status_code != 200:
            raise Broken("status", status=answer.status_code, retry_after=_seconds(answer.headers.get("retry-after")))
        if answer.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Broken("encoded")
        content = await self._content(answer)
        return Fetched(content, _plain(answer.headers.get("etag")), _plain(answer.headers.get("last-modified")))

    async def _content(self, answer: httpx.Response) -> bytes:
        declared = answer.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > self._limits.bytes:
            raise Broken("too_large")
        content = bytearray()
        async for part in answer.aiter_raw():
            content += part
            if len(content) > self._limits.bytes:
                raise Broken("too_large")
        return bytes(content)


def _plain(value: str | None) -> str | None:
    """What may be sent back in a header."""
    usable = value and len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable()
    return value if usable else None


def _seconds(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() and len(value) < 9 else None


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
