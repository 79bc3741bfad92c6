"""Where a calendar may be read from: every way of writing a private address, and what operations can open."""

from ipaddress import ip_address, ip_network

import pytest

from services.facility.feeds import addresses
from services.facility.feeds.domain import Broken, FaultCode

INSIDE = (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))
PUBLIC = "93.184.216.34"


def refusal(url: str, *found: str, allowed: addresses.Networks = ()) -> FaultCode | None:
    try:
        addresses.check(addresses.read(url), found, allowed)
    except Broken as broken:
        return broken.fault
    return None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "192.0.0.8", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1", "2001::1",
    ],
)  # fmt: skip
def test_address__that_is_not_public__is_refused(address: str) -> None:
    assert refusal("https://calendar.example.org/a.ics", address) == "private_address"


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"])
def test_address__that_is_public__is_let_through(address: str) -> None:
    assert refusal("https://calendar.example.org/a.ics", address) is None


def test_name__with_one_private_address_among_public_ones__is_refused() -> None:
    assert refusal("https://calendar.example.org/a.ics", PUBLIC, "10.0.0.1") == "private_address"


@pytest.mark.parametrize("address", ["10.20.1.1", "fd00::5", "::ffff:10.20.1.1"])
def test_private_address__in_a_network_operations_allow__is_let_through_without_https_too(address: str) -> None:
    assert refusal("https://calendar.house/a.ics", address, allowed=INSIDE) is None
    assert refusal("http://calendar.house/a.ics", address, allowed=INSIDE) is None


@pytest.mark.parametrize("address", ["10.21.0.1", "127.0.0.1", "fe80::1"])
def test_private_address__in_another_network__is_refused_all_the_same(address: str) -> None:
    assert refusal("https://calendar.house/a.ics", address, allowed=INSIDE) == "private_address"


def test_public_address__without_https__is_refused_whatever_is_allowed() -> None:
    assert refusal("http://calendar.example.org/a.ics", PUBLIC, allowed=INSIDE) == "not_https"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("ftp://calendar.example.org/a.ics", "not_https"),
        ("file:///etc/passwd", "not_https"),
        ("calendar.example.org/a.ics", "not_https"),
        ("https://", "bad_address"),
        ("https://name:secret@calendar.example.org/a.ics", "bad_address"),
        ("https://calendar.example.org:99999999/a.ics", "bad_address"),
        ("https://calendar.example.org/" + "a" * 2000, "bad_address"),
        ("https://[::1/a.ics", "bad_address"),
    ],
)
def test_url__that_cannot_be_used__is_refused_by_what_is_wrong(url: str, fault: FaultCode) -> None:
    with pytest.raises(Broken) as refused:
        addresses.read(url)
    assert refused.value.fault == fault
    assert "secret" not in str(refused.value)


def test_url__with_the_calendars_own_scheme__is_read_as_https_without_fragment() -> None:
    assert str(addresses.read(" webcal://calendar.example.org/a.ics?key=1#x ")) == (
        "https://calendar.example.org/a.ics?key=1"
    )


@pytest.mark.parametrize("url", ["https://127.0.0.1/a.ics", "https://[::1]/a.ics", "https://10.0.0.1/a.ics"])
def test_written_private_address__is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(Broken, match="private_address"):
        addresses.check_written(addresses.read(url), ())


def test_wrapped_address__is_connected_to_as_the_one_that_was_judged() -> None:
    url = addresses.read("https://calendar.example.org/a.ics")
    assert addresses.check(url, ["64:ff9b::5db8:d822"], ()) == [ip_address(PUBLIC)]
