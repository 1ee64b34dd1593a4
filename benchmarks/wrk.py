"""How many calls a second a server answers, asked by wrk: a caller that costs less than what it calls."""

import re
import shutil
import subprocess

SECONDS = 2


def rate(port: int, path: str, connections: int) -> float:
    """Answers a second over so many connections. Raises RuntimeError where wrk is missing, or an answer was not 2xx."""
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("calls are made by wrk: install it with: apt install wrk")
    ask = ("-t", "1", "-c", str(connections), "-d", f"{SECONDS}s", "-H", "Accept-Encoding: gzip")
    told = subprocess.run(
        (program, *ask, f"http://127.0.0.1:{port}{path}"), capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None or "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"wrk told: {told}")
    return float(found[1])
