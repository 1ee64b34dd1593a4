"""Which addresses of others we call, and what their signatures are worth."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencowin.feeds import AddressUnusable, signed, verified
from opencowin.feeds.addresses import check_url, is_open, look_up
from opencowin.feeds.sending import LONGEST_PAUSE, pause

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "https://example.org:22/",
        "https://user:pass@example.org/",
        "https:///hook",
        "ftp://example.org/",
        "https://exa mple.org/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://ex\u0430mple.org/",
        "https://example.org/" + "x" * 500,
        "gopher",
        "",
    ],
)
def test_only_https_on_its_ports_without_credentials(url: str) -> None:
    with pytest.raises(AddressUnusable):
        check_url(url, trial=False)


def test_what_is_called_is_what_was_written() -> None:
    assert check_url("https://Example.org./a?b=c#d", trial=False) == ("example.org", 443, True, "/a?b=c")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "64:ff9b::a00:1",
        "2001:0:7f00:1::",
    ],
)
def test_addresses_of_private_networks_are_closed(address: str) -> None:
    assert not is_open(address)


def test_addresses_of_the_open_internet_are_open() -> None:
    assert all(is_open(one) for one in ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"))


@pytest.mark.anyio
@pytest.mark.parametrize("url", ["https://localhost/", "https://127.1/", "https://2130706433/", "https://[::1]/"])
async def test_a_name_that_leads_home_is_refused_once_it_is_looked_up(url: str) -> None:
    with pytest.raises(AddressUnusable):
        await look_up(url, trial=False)


@given(body=st.binary(max_size=50), other=st.binary(max_size=50))
def test_a_signature_holds_for_its_own_body_alone(body: bytes, other: bytes) -> None:
    now = int(time.time())
    headers = signed(SECRET, "msg_1", now, body)
    assert verified(SECRET, headers, body, now)
    assert verified(SECRET, headers, other, now) == (body == other)
    assert not verified(SECRET, headers, body, now + 301)
    assert not verified(SECRET, {**headers, "webhook-id": "msg_2"}, body, now)
    assert not verified("whsec_" + "A" * 32, headers, body, now)
    assert not verified(SECRET, {}, body, now)


def test_signatures_are_those_of_the_standard() -> None:
    """The example of the specification's own libraries."""
    headers = signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_pauses_grow_and_end_growing() -> None:
    assert pause(0) < pause(2) < pause(4) < pause(8)
    assert pause(1000) <= LONGEST_PAUSE
