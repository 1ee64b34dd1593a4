"""Which push services may be called: named hosts of the open internet, and what the operator trusts, by its origin."""

import pytest

from opencowin.notifications.channels.web_push import is_public_endpoint

OURS, BELOW = "http://push.inner:8080", "https://push.nation.example/up"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://updates.push.example/abc",
        "https://updates.push.example:443/abc",
        f"{OURS}/topic",
        OURS,
        "HTTP://PUSH.INNER:8080/topic",
        f"{BELOW}/topic",
        "https://push.nation.example:443/up/topic",
    ],
)
def test_these_may_be_called(endpoint: str) -> None:
    assert is_public_endpoint(endpoint, trusted=(OURS, BELOW))


@pytest.mark.parametrize(
    "endpoint",
    [
        f"{OURS}.evil.example/topic",
        f"{OURS}0/topic",
        f"{OURS}@evil.example/topic",
        "http://evil@push.inner:8080/topic",
        "https://push.inner:8080/topic",
        "http://push.inner/topic",
        "http://push.nation.example/up/topic",
        "https://push.inner:99999/",
        "https://[/",
        "https://127.0.0.1/inner",
        "https://printer.local/inner",
        "https://updates.push.example:8443/abc",
        "http://updates.push.example/abc",
    ],
)
def test_these_may_not(endpoint: str) -> None:
    assert not is_public_endpoint(endpoint, trusted=(OURS, BELOW))


@pytest.mark.parametrize("path", ["/upper", "/up/../admin", "/up/%2e%2e/admin", "/", ""])
def test_a_trusted_folder_is_no_trusted_host(path: str) -> None:
    inner = "http://push.inner/up"
    assert is_public_endpoint(f"{inner}/topic", trusted=(inner,))
    assert not is_public_endpoint(f"http://push.inner{path}", trusted=(inner,))
