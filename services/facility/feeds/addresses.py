"""Where a calendar may be read from. Pure: names are resolved elsewhere, what they lead to is judged here."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from services.facility.feeds.domain import Broken

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
LONGEST = 2000
_NAT64 = IPv6Network("64:ff9b::/96")
# Set apart for something else, though not every version of the library counts them among those that are.
_SET_APART = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2001::/23"),
    IPv6Network("3fff::/20"),
    IPv6Network("5f00::/16"),
)
_LAST_PORT = 65535


def read(text: str) -> httpx.URL:
    """Raises Broken `bad_address` or `not_https`. A calendar's own scheme webcal means https."""
    try:
        url = httpx.URL(text.strip())
        host = url.host
    except (httpx.InvalidURL, ValueError):
        raise Broken("bad_address") from None
    if url.scheme in ("webcal", "webcals"):
        url = url.copy_with(scheme="https")
    if url.scheme not in ("https", "http"):
        raise Broken("not_https")
    if not host or url.userinfo or len(str(url)) > LONGEST or (url.port or 1) > _LAST_PORT:
        raise Broken("bad_address")
    return url.copy_with(fragment=None)


def check(url: httpx.URL, addresses: Sequence[str], allowed: Networks) -> list[Address]:
    """The addresses to connect to. Raises Broken unless every single one may be reached this way.

    One bad address among good ones refuses all: whoever owns the name chose them together.
    """
    found = [_leads_to(ip_address(one.partition("%")[0])) for one in addresses]
    if not found:
        raise Broken("unreachable")
    inside = [_is_in(one, allowed) for one in found]
    if not all(known or is_public(one) for one, known in zip(found, inside, strict=True)):
        raise Broken("private_address")
    if url.scheme != "https" and not all(inside):
        raise Broken("not_https")
    return found


def check_written(url: httpx.URL, allowed: Networks) -> None:
    """What can be told before any name is resolved. Raises Broken."""
    try:
        literal = ip_address(url.host)
    except ValueError:
        if url.scheme != "https" and not allowed:
            raise Broken("not_https") from None
        return
    check(url, [str(literal)], allowed)


def is_public(address: Address) -> bool:
    barred = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or _is_in(address, _SET_APART)
    )
    return address.is_global and not barred


def _is_in(address: Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _leads_to(address: Address) -> Address:
    """An address of IPv6 that only wraps one of IPv4 is judged, and reached, as that one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped or address.sixtofour:
            return address.ipv4_mapped or address.sixtofour or address
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
