"""Fetching over real sockets: what is asked, what is refused, and to whom the connection goes."""

import datetime as dt
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.facility.feeds.domain import Broken
from services.facility.feeds.fetching import Fetcher, Limits
from tests.integration.calendar_server import CalendarServer, Page, calendar_server, ics

pytestmark = pytest.mark.integration
HERE = (ip_network("127.0.0.0/8"),)
BODY = ics(("a", "20261201T1000", "20261201T1100")).encode()
SECRET = "/a.ics?key=very-secret"


@pytest.fixture
async def server() -> AsyncIterator[CalendarServer]:
    async with calendar_server() as running:
        running.pages["/a.ics"] = Page(BODY, etag='"1"', headers={"Last-Modified": "Tue, 24 Nov 2026 08:00:00 GMT"})
        yield running


async def fault(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(Broken) as refused:
        await fetcher.get(url)
    assert "secret" not in repr(refused.value)
    return refused.value.fault


class Names:
    """Names that lead somewhere else each time they are asked for; the last answer stays."""

    def __init__(self, **known: list[str]) -> None:
        self.known = {name.replace("_", "."): found for name, found in known.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        left = self.known[host]
        return [left.pop(0) if len(left) > 1 else left[0]]


async def test_calendar_is_fetched_and_not_again_while_it_is_the_same(server: CalendarServer) -> None:
    fetcher = Fetcher(HERE)
    first = await fetcher.get(server.url(SECRET))
    assert (first.content, first.etag) == (BODY, '"1"')
    again = await fetcher.get(server.url(SECRET), first.etag, first.modified)
    assert again.content is None
    asked = server.headers_of(SECRET)[1]
    assert asked["if-none-match"] == '"1"'
    assert asked["if-modified-since"] == "Tue, 24 Nov 2026 08:00:00 GMT"
    assert asked["host"] == f"127.0.0.1:{server.port}"


async def test_private_address_is_refused_without_being_asked(server: CalendarServer) -> None:
    assert await fault(Fetcher(), f"https://127.0.0.1:{server.port}/a.ics") == "private_address"
    assert await fault(Fetcher(), f"https://localhost:{server.port}/a.ics") == "private_address"
    assert server.asked == []


async def test_redirect_to_a_private_address_is_refused_without_being_asked(server: CalendarServer) -> None:
    server.pages["/away"] = Page(status=302, headers={"Location": "https://10.0.0.1/secret"})
    server.pages["/plain"] = Page(status=302, headers={"Location": "ftp://127.0.0.1/secret"})
    assert await fault(Fetcher(HERE), server.url("/away")) == "private_address"
    assert await fault(Fetcher(HERE), server.url("/plain")) == "not_https"


async def test_redirects_are_followed_three_times_and_no_more(server: CalendarServer) -> None:
    for number in range(4):
        server.pages[f"/{number}"] = Page(status=301, headers={"Location": f"/{number + 1}"})
    server.pages["/4"] = Page(BODY)
    assert (await Fetcher(HERE).get(server.url("/1"))).content == BODY
    assert await fault(Fetcher(HERE), server.url("/0")) == "too_many_redirects"


async def test_name_that_leads_elsewhere_a_moment_later_is_asked_for_once(server: CalendarServer) -> None:
    names = Names(calendar_test=["127.0.0.1", "10.0.0.1"])
    fetcher = Fetcher(HERE, resolve=names)
    assert (await fetcher.get(server.url(host="calendar.test"))).content == BODY
    assert names.asked == ["calendar.test"]
    assert server.headers_of("/a.ics")[0]["host"] == f"calendar.test:{server.port}"
    assert await fault(fetcher, server.url(host="calendar.test")) == "private_address"


async def test_calendar_that_is_too_large_is_refused_whether_it_says_so_or_not(server: CalendarServer) -> None:
    server.pages["/large"] = Page(b"X" * 2000)
    server.pages["/endless"] = Page(endless=True)
    fetcher = Fetcher(HERE, limits=Limits(bytes=1000))
    assert await fault(fetcher, server.url("/large")) == "too_large"
    assert await fault(fetcher, server.url("/endless")) == "too_large"


async def test_server_that_never_answers_is_given_up(server: CalendarServer) -> None:
    server.pages["/silent"] = Page(silent=True)
    assert await fault(Fetcher(HERE, limits=Limits(seconds=0.3)), server.url("/silent")) == "timeout"


async def test_other_answers_are_told_by_what_they_are(server: CalendarServer) -> None:
    server.pages["/busy"] = Page(status=503, headers={"Retry-After": "120"})
    server.pages["/zip"] = Page(BODY, headers={"Content-Encoding": "gzip"})
    with pytest.raises(Broken) as refused:
        await Fetcher(HERE).get(server.url("/busy"))
    assert (refused.value.fault, refused.value.status, refused.value.retry_after) == ("status", 503, 120)
    assert await fault(Fetcher(HERE), server.url("/zip")) == "encoded"
    assert await fault(Fetcher(HERE), "http://127.0.0.1:9/a.ics") == "unreachable"


async def test_certificate_must_be_the_names_although_the_address_is_connected_to(tmp_path: Path) -> None:
    tls, authority = certificates(tmp_path, "calendar.test")
    names = Names(calendar_test=["127.0.0.1"], other_test=["127.0.0.1"])
    async with calendar_server(tls) as server:
        server.pages["/a.ics"] = Page(BODY)
        trusting = Fetcher(HERE, authority, resolve=names)
        assert (await trusting.get(server.url(host="calendar.test"))).content == BODY
        assert await fault(trusting, server.url(host="other.test")) == "certificate"
        assert await fault(Fetcher(HERE, resolve=names), server.url(host="calendar.test")) == "certificate"


def certificates(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """What the server shows, and the file of whoever vouches for it."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = signed(
        "Prøveutsteder", authority_key, "Prøveutsteder", authority_key, x509.BasicConstraints(True, None)
    )
    own = signed(name, key, "Prøveutsteder", authority_key, x509.SubjectAlternativeName([x509.DNSName(name)]))
    ca_file, own_file = folder / "ca.pem", folder / "own.pem"
    ca_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    own_file.write_bytes(private + own.public_bytes(serialization.Encoding.PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own_file)
    return tls, ca_file


def signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder(named(issuer), named(name), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(dt.datetime(2020, 1, 1)).not_valid_after(dt.datetime(2099, 1, 1))  # noqa: DTZ001 -- in UTC
    critical = isinstance(extension, x509.BasicConstraints)
    return builder.add_extension(extension, critical).sign(by, hashes.SHA256())
