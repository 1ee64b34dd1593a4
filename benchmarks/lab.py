"""The lab's own deployment: an embedded server on a real disk, the country's places, and a supply of sessions."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.machine import parent_of
from opencowin import programme, scheduling, vaccination
from opencowin.kit.crypto import new_keyring, write_keyring
from opencowin.kit.db import Connection
from opencowin.kit.embedded import EmbeddedPostgres
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.migrate import migrate
from opencowin.kit.settings import Settings
from opencowin.places import Operator
from opencowin.registry import Person
from opencowin.scheduling import BulkSession, BulkSlot
from tests.builders import TEST, a_dose, connected, load_country, member, new_centre

ROOT = Path(__file__).resolve().parents[1]
HOURS = ((time(9), time(11)), (time(11), time(13)), (time(13), time(15)), (time(15), time(18)))


@dataclass(frozen=True, slots=True)
class Lab:
    """A deployment with a country and nothing else."""

    folder: Path
    dsn: str
    floor: Floor
    server_version: str

    @property
    def server_pid(self) -> int:
        """The process that all of the database's hang on."""
        with psycopg.connect(self.dsn) as conn:
            return parent_of(conn.info.backend_pid)

    def publish(self, *, centres: int, days: int, seats: int) -> list[BulkSession]:
        """New centres of one district with a session a day from tomorrow on, four slots in each."""
        return self.publish_at([None] * centres, days=days, seats=seats)

    def publish_at(self, districts: Sequence[int | None], *, days: int, seats: int) -> list[BulkSession]:
        """A new centre in each of these districts (None: in one and the same), with sessions like those."""

        async def everything() -> list[BulkSession]:
            async with connected(self.dsn) as conn:
                return await self._publish(conn, districts, days, seats)

        return asyncio.run(everything())

    def vaccinated(self, people: int) -> list[Person]:
        """So many people with a dose of one centre, without certificates."""

        async def everybody() -> list[Person]:
            today = self.floor.clock.today()
            async with connected(self.dsn) as conn:
                centre = await new_centre(conn)
                found = [(await member(conn, self.floor)).person for _ in range(people)]
                for one in found:
                    await vaccination.record_dose(conn, self.floor, TEST, a_dose(one, centre, 1, today, 1))
            return found

        return asyncio.run(everybody())

    async def _publish(
        self, conn: Connection, districts: Sequence[int | None], days: int, seats: int
    ) -> list[BulkSession]:
        slots = tuple(BulkSlot(start, end, {1: seats, 2: seats}) for start, end in HOURS)
        tomorrow = self.floor.clock.today() + timedelta(days=1)
        sessions = [
            BulkSession(
                session_id=scheduling.new_session_id(tomorrow + timedelta(days=day)),
                district_id=centre.district_id,
                centre_id=centre.centre_id,
                operator=Operator.GOVERNMENT,
                held_on=tomorrow + timedelta(days=day),
                vaccine_id="COVISHIELD",
                min_age=18,
                max_age=None,
                fee=Decimal(0),
                slots=slots,
                doses=seats * 2 * len(slots),
            )
            for centre in [await new_centre(conn, one) for one in districts]
            for day in range(days)
        ]
        rules = await programme.current_programme(conn)
        await scheduling.publish_sessions(conn, self.floor.clock, rules.programme_id, sessions)
        return sessions


@contextmanager
def opened(settings: Mapping[str, str] | None = None) -> Iterator[Lab]:
    """The lab, thrown away afterwards. Its data lie in `var`, not in /tmp, which may be memory: commits are real.

    `settings` are the server's, beside those that an embedded one has.
    """
    (ROOT / "var").mkdir(mode=0o711, exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=ROOT / "var", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # a server that root starts runs as another user, who passes through
        write_keyring(folder / "keyring.json", new_keyring())
        with EmbeddedPostgres.attach(folder / "data", settings=settings) as server:
            migrate(server.dsn)
            floor = build_floor(Settings(demo=True, data_dir=folder))
            load_country(server.dsn, floor)
            with psycopg.connect(server.dsn) as conn:
                version = conn.info.parameter_status("server_version") or "?"
            yield Lab(folder, server.dsn, floor, version)
