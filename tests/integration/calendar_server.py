"""A small server of calendars on this machine, which a test fills and asks what it was asked."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Page:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    endless: bool = False  # goes on sending until it is left alone
    silent: bool = False  # waits for the caller to leave


@dataclass
class CalendarServer:
    port: int = 0
    scheme: str = "http"
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str = "/a.ics", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def headers_of(self, path: str) -> list[dict[str, str]]:
        return [headers for asked, headers in self.asked if asked == path]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = first.split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self.asked.append((path, headers))
            await self._send(self.pages.get(path.partition("?")[0], Page(status=404)), headers, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _send(
        self, page: Page, asked: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if page.silent:
            await reader.read()
        same = page.etag is not None and asked.get("if-none-match") == page.etag
        status, body = (304, b"") if same else (page.status, page.body)
        headers = dict(page.headers)
        if page.etag:
            headers["ETag"] = page.etag
        if not page.endless:
            headers["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "Connection": "close"}.items())
        writer.write(f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body)
        while page.endless:
            writer.write(b"X" * 65536)
            await writer.drain()
        await writer.drain()


@asynccontextmanager
async def calendar_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[CalendarServer]:
    known = CalendarServer(scheme="https" if tls else "http")
    server = await asyncio.start_server(known.answer, "127.0.0.1", 0, ssl=tls)
    known.port = server.sockets[0].getsockname()[1]
    try:
        yield known
    finally:
        server.close()


def ics(*events: tuple[str, str, str]) -> str:
    """(UID, start, end) on the square's clock, as 20261201T1000."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for uid, start, end in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTART:{start}00",
            f"DTEND:{end}00",
            f"SUMMARY:Øving {uid}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])
