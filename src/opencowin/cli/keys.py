"""`opencowin keys`: the keyring that field encryption stands on. The keys of certificates are made at first need."""

import os
import time
from pathlib import Path

import typer

from opencowin.cli.explain import CommandRefused
from opencowin.kit.crypto import Keyring, new_keyring, read_keyring, write_keyring
from opencowin.kit.settings import ENV_FILE, PREFIX, default_data_dir, settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Make, rotate and look at the field-encryption keyring."""


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
def rotate() -> None:
    """Add a key that seals from now on. What older keys sealed stays readable; restart all processes afterwards."""
    path = settings().keyring_path
    keyring = read_keyring(path).rotated()
    write_keyring(path, keyring, replace=True)
    typer.echo(f"Key {keyring.current} seals from now on; restart all processes, and renew your copy of {path}.")


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
