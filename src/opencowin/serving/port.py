"""Whether the address to serve at can be listened on, told before anything is started."""

import errno
import socket


class PortUnusable(Exception):
    """Nothing can be served at this address; the message says why and what to do."""


def check_port(host: str, port: int) -> None:
    """Raise PortUnusable unless host and port can be listened on now."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
    except socket.gaierror as unknown:
        raise PortUnusable(f"HOST={host} is not an address of this machine: {unknown.strerror}.") from unknown
    with socket.socket(family, kind) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError as error:
            raise PortUnusable(_why(host, port, error)) from error


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8000
        return f"Port {port} is in use: stop what listens there, or choose another: PORT={other} (or --port {other})."
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights that you do not have: choose one above 1023 with PORT= (or --port)."
    return f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with HOST= and PORT=."
