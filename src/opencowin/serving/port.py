"""The address to serve at: whether it can be listened on, told before anything is started, and listening there."""

import errno
import socket
from typing import Any


class PortUnusable(Exception):
    """Nothing can be served at this address; the message says why and what to do."""


BACKLOG = 4096
"""Connections that wait for a process to take them."""


def check_port(host: str, port: int) -> None:
    """Raise PortUnusable unless host and port can be listened on now."""
    trial, address = _unbound(host, port)
    with trial:
        try:
            trial.bind(address)
        except OSError as error:
            raise PortUnusable(_why(host, port, error)) from error


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there, beside those of other processes: the kernel deals out who comes."""
    made, address = _unbound(host, port)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(address)
    made.listen(BACKLOG)
    return made


def _unbound(host: str, port: int) -> tuple[socket.socket, Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as unknown:
        raise PortUnusable(f"HOST={host} is not an address of this machine: {unknown.strerror}.") from unknown
    family, kind, _, _, address = found[0]
    made = socket.socket(family, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made, address


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8000
        return f"Port {port} is in use: stop what listens there, or choose another: PORT={other} (or --port {other})."
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights that you do not have: choose one above 1023 with PORT= (or --port)."
    return f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with HOST= and PORT=."
