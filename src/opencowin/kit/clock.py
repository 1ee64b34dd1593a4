"""The clock: the only place that asks the machine for the time, so that tests and rules can be given another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time in one country: instants are aware UTC, `today` is the date on the country's wall calendar."""

    zone: ZoneInfo
    source: Callable[[], datetime] = _utc_now

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self.source()

    def today(self) -> date:
        """The date in the country's time zone."""
        return self.local(self.now()).date()

    def local(self, instant: datetime) -> datetime:
        """The same instant on the country's wall clock."""
        return instant.astimezone(self.zone)
