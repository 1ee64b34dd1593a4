"""Keys in a security module, tried on Debian's software one: they sign as ours do and never leave it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencowin.certificates.divoc import sign_divoc, verify_divoc
from opencowin.certificates.issuers import Identity, Issuer
from opencowin.certificates.keepers import Keeper, NoSecurityModule, open_key
from opencowin.certificates.model import Format
from opencowin.certificates.signers import Algorithm, fits
from opencowin.kit.settings import Settings
from tests.certificates.made import PROFILE, issuer, statement

LIBRARIES = [
    Path(f"/usr/lib/{where}softhsm/libsofthsm2.so") for where in ("", "x86_64-linux-gnu/", "aarch64-linux-gnu/")
]
LIBRARY = next((one for one in LIBRARIES if one.is_file()), None)
needs_module = pytest.mark.skipif(
    LIBRARY is None or shutil.which("softhsm2-util") is None, reason="softhsm2 is not installed: apt install softhsm2"
)


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    """A token of its own in a folder of its own."""
    hsm = pytest.importorskip("opencowin.certificates.hsm")
    folder = tmp_path_factory.mktemp("tokens")
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder}\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    command = ["softhsm2-util", "--init-token", "--free", "--label", "trial", "--pin", "1234", "--so-pin", "5678"]
    subprocess.run(command, check=True, capture_output=True)
    yield hsm.SecurityModule(str(LIBRARY), "trial", "1234")
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@needs_module
@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.PS256])
def test_a_key_made_in_the_module_signs_there(module: Keeper, algorithm: Algorithm) -> None:
    made = module.make(algorithm)
    again = module.open(algorithm, made.private_text)
    signature = again.sign(b"message")
    assert fits(made.signer.public_key, algorithm, signature, b"message")
    assert not fits(made.signer.public_key, algorithm, signature, b"another message")
    assert "BEGIN" not in made.private_text
    with pytest.raises(ValueError, match="no key"):
        module.open(algorithm, "pkcs11:object=unheard")
    with pytest.raises(ValueError, match="not one for"):
        module.open(Algorithm.EDDSA, made.private_text)


@needs_module
def test_a_certificate_signed_in_the_module_verifies(module: Keeper) -> None:
    signer = module.make(Algorithm.PS256).signer
    own = issuer()
    ours = Issuer(PROFILE, {Format.DIVOC: Identity(signer, PROFILE.verification_method)}, own.csca_certificate)
    assert verify_divoc(sign_divoc(statement(), ours).text, PROFILE, [signer.public_key]).dose == 2


@needs_module
def test_other_kinds_of_keys_are_refused(module: Keeper) -> None:
    with pytest.raises(ValueError, match="ES256 or PS256"):
        module.make(Algorithm.EDDSA)


def test_a_deployment_that_does_not_know_the_module_says_so() -> None:
    with pytest.raises(NoSecurityModule):
        open_key(Settings(demo=True), "ES256", "pkcs11:object=opencowin-1")
