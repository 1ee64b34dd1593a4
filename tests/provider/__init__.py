"""A real, certified OpenID provider beside the tests: node's oidc-provider, installed once by npm into `var`."""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.node import installed

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class RunningProvider:
    """A provider that listens."""

    port: int

    @property
    def issuer(self) -> str:
        """Its address and name."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def providing(
    clients: Sequence[Mapping[str, Any]], people: Mapping[str, Mapping[str, Any]], port: int, *, behind: int = 0
) -> Iterator[RunningProvider]:
    """A provider with these clients, which knows these people by login, while this lasts; its clock may be behind."""
    order = json.dumps({"port": port, "clients": clients, "people": people, "behind": behind})
    with subprocess.Popen(
        ["node", "provider.mjs"],
        cwd=installed(HERE, "provider.mjs"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin
        assert running.stdout
        try:
            running.stdin.write(order + "\n")
            running.stdin.flush()
            assert any(line.strip() == "ready" for line in running.stdout), "the provider did not come up"
            yield RunningProvider(port)
        finally:
            running.kill()
