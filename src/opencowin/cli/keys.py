"""`opencowin keys`: the keyring that field encryption stands on, and the keys that certificates are signed with."""

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from opencowin import certificates
from opencowin.certificates import Format, KeyShown
from opencowin.cli.explain import CommandRefused
from opencowin.cli.terminal import out
from opencowin.kit.crypto import Keyring, new_keyring, read_keyring, write_keyring
from opencowin.kit.db import transaction
from opencowin.kit.settings import ENV_FILE, PREFIX, default_data_dir, settings
from opencowin.serving import deployment

app = typer.Typer(no_args_is_help=True)
CSCA = "csca"
USES = [*(form.value for form in Format), CSCA]
OVERLAP_DAYS = 7


@app.callback()
def keys() -> None:
    """The field-encryption keyring (init, rotate, show), and the keys of certificates (list, rotate FORMAT, retire)."""


@app.command()
def init() -> None:
    """Make the keyring of a new deployment. An existing one is never overwritten."""
    path = _path_before_settings()
    try:
        write_keyring(path, new_keyring())
    except FileExistsError as exists:
        raise CommandRefused(f"there is a keyring at {path} already; `opencowin keys rotate` adds a key") from exists
    typer.echo(f"Made {path}. Keep a copy somewhere safe: without it nobody can read what is stored about a person.")


@app.command()
def rotate(
    use: Annotated[
        str, typer.Argument(help=f"Which key: of the keyring (leave it out), or of certificates: {', '.join(USES)}.")
    ] = "",
    overlap_days: Annotated[
        int,
        typer.Option(min=0, max=365, help="Days for which verifiers can learn of a certificate key before it signs."),
    ] = OVERLAP_DAYS,
) -> None:
    """Add a key that seals, or that signs certificates, from now on. What older keys did stays readable and valid."""
    if use and use not in USES:
        raise CommandRefused(f"there are no keys for {use}: choose one of {', '.join(USES)}", exit_code=2)
    if use:
        made = asyncio.run(_rotate_signing(use, timedelta(days=overlap_days)))
        when = f"signs in {overlap_days} days" if overlap_days else "signs from now on"
        out.print(f"Key {made} is published now and {when}.", markup=False)
        return
    path = settings().keyring_path
    keyring = read_keyring(path).rotated()
    write_keyring(path, keyring, replace=True)
    typer.echo(f"Key {keyring.current} seals from now on; restart all processes, and renew your copy of {path}.")


async def _rotate_signing(use: str, overlap: timedelta) -> str:
    form = None if use == CSCA else Format(use)
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await certificates.rotate_key(conn, found.floor, form, overlap)


@app.command("list")
def list_all() -> None:
    """List the keys that certificates were ever signed with; all of them are published."""
    table = Table("key id", "for", "algorithm", "signs", "certified until")
    for one in asyncio.run(_listed()):
        until = f"{one.certified_until:%Y-%m-%d}" if one.certified_until else ""
        table.add_row(one.key_id, one.use, one.algorithm, _when(one), until)
    out.print(table)


def _when(key: KeyShown) -> str:
    if key.retired_at:
        return f"no longer, since {key.retired_at:%Y-%m-%d}"
    if key.signs_now:
        return "now"
    return f"from {key.signs_from:%Y-%m-%d %H:%M}" if key.waits else "no longer: a newer one does"


async def _listed() -> list[KeyShown]:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await certificates.list_keys(conn, found.floor)


@app.command()
def retire(key_id: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Let a key of certificates sign no longer. What it signed stays valid; its successor must sign already."""
    asyncio.run(_retire(key_id))
    out.print(f"Key {key_id} signs no longer.", markup=False)


async def _retire(key_id: str) -> None:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        await certificates.retire_key(conn, found.floor, key_id)


@app.command()
def csca() -> None:
    """Print the certificates of the signing authorities (PEM), for other countries to trust."""
    typer.echo(asyncio.run(_authorities()), nl=False)


async def _authorities() -> str:
    async with deployment(settings()) as found, transaction(found.pool) as conn:
        return await certificates.csca_pem(conn, found.floor)


@app.command()
def show() -> None:
    """Tell which keys there are, never the keys themselves."""
    path = settings().keyring_path
    typer.echo(describe(path, read_keyring(path)))


def describe(path: Path, keyring: Keyring) -> str:
    """Where the keyring is, who can read it, and its versions."""
    made = time.strftime("%Y-%m-%d", time.localtime(path.stat().st_mtime))
    versions = ", ".join(f"{one}{' (seals)' if one == keyring.current else ''}" for one in sorted(keyring.keys))
    return f"{path}: keys {versions}; readable by mode {path.stat().st_mode & 0o777:03o}; last changed {made}."


def _path_before_settings() -> Path:
    """Where settings will look for the keyring: they cannot be read yet, since they insist on one."""
    named = os.environ.get(PREFIX + "KEYRING_FILE")
    folder = Path(os.environ.get(PREFIX + "DATA_DIR") or default_data_dir())
    return Path(named or _in_file(folder / ENV_FILE) or folder / "keyring.json")


def _in_file(file: Path) -> str | None:
    if not file.is_file():
        return None
    pairs = (line.split("=", 1) for line in file.read_text("utf-8").splitlines() if "=" in line)
    return next((value.strip() for name, value in pairs if name.strip() == PREFIX + "KEYRING_FILE"), None)
