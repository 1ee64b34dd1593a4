"""What staff prove themselves with: codes as the standard computes them, and passwords that are in no list."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opencowin.identity import totp
from opencowin.identity.passwords import stands_in

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""RFC 6238's "12345678901234567890", in base 32."""
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.mark.parametrize(("second", "code"), VECTORS.items())
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    step = totp.step_of(datetime.fromtimestamp(second, UTC))
    assert totp.code_at(SECRET, step, digits=8) == code
    assert totp.code_at(SECRET, step) == code[-6:]


def test_a_code_is_good_half_a_minute_early_or_late_and_never_again() -> None:
    now = datetime.fromtimestamp(1111111111, UTC)
    here = totp.step_of(now)
    for off in (-2, -1, 0, 1, 2):
        shown = totp.step_shown(SECRET, totp.code_at(SECRET, here + off), now)
        assert shown == (here + off if abs(off) < 2 else None)
    assert totp.step_shown(SECRET, totp.code_at(SECRET, here), now, after=here) is None
    assert totp.step_shown(SECRET, totp.code_at(SECRET, here - 1), now, after=here) is None
    assert totp.step_shown(SECRET, "", now) is None


@pytest.mark.parametrize("counted", [True, False])
def test_every_line_of_a_sorted_file_is_found_and_nothing_else(tmp_path: Path, counted: bool) -> None:
    digests = sorted(hashlib.sha1(str(n).encode()).hexdigest().upper() for n in range(257))
    file = tmp_path / "known.txt"
    file.write_text("".join(f"{one}:{at * at}\r\n" if counted else f"{one}\n" for at, one in enumerate(digests)))
    assert all(stands_in(file, one.lower()) for one in digests)
    others = [hashlib.sha1(f"x{n}".encode()).hexdigest() for n in range(257)]
    assert not any(stands_in(file, one) for one in [*others, "0" * 40, "F" * 40])
    file.write_text("")
    assert not stands_in(file, digests[0])
