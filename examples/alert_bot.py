"""An alert bot on the public feed alone: it says when there are seats, and asks the platform nothing again and again.

    python alert_bot.py --pincode 560001 --age 30 --dose 1
    python alert_bot.py --district 1001 --post https://ntfy.example.org/my-village

It needs Python >= 3.11 and httpx, and no key. README.md beside it explains each step.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
QUIET = 60.0
"""Seconds without a sign of life after which a stream counts as lost: one comes every 15."""


class Forgotten(Exception):
    """The cursor is too old: what happened since cannot be told any more."""


@dataclass
class Wish:
    """What the people who are told are looking for."""

    pincodes: list[str]
    districts: list[int]
    age: int | None
    dose: int

    @property
    def where(self) -> dict[str, Any]:
        """The places, as the feed takes them."""
        return {"pincode": self.pincodes, "district_id": self.districts}

    def seats(self, session: dict[str, Any] | None) -> int:
        """How many seats a session has for them."""
        if session is None:
            return 0
        oldest = session["max_age_limit"]
        if self.age is not None and not session["min_age_limit"] <= self.age <= (oldest or 200):
            return 0
        return int(session["available_capacity_by_dose"].get(str(self.dose), 0))


@dataclass
class Bot:
    """Follows the feed from where it stood when it was last stopped."""

    http: httpx.Client
    wish: Wish
    kept: Path
    post: str = ""
    cursor: int | None = None
    told: set[str] = field(default_factory=set)
    """Sessions that were told and have had seats since."""

    def run(self) -> None:
        """Follow the feed for ever."""
        pause = FIRST_PAUSE
        while True:
            try:
                self.begin()
                for change in self.stream():
                    self.hear(change)
                    pause = FIRST_PAUSE
                time.sleep(FIRST_PAUSE)
            except Forgotten:
                self.cursor = None
                self.kept.unlink(missing_ok=True)
            except httpx.HTTPStatusError as no:
                pause = max(pause, float(no.response.headers.get("retry-after", 0)))
                print(f"The platform answered {no.response.status_code}: again in {pause:.0f} s", flush=True)
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            except httpx.TransportError as fault:
                print(f"The line was lost ({type(fault).__name__}): again in {pause:.0f} s", flush=True)
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def begin(self) -> None:
        """Find out where to go on; at the first start, a cursor first and then what is free already."""
        if self.cursor is None and self.kept.exists():
            self.cursor = int(json.loads(self.kept.read_text())["cursor"])
        if self.cursor is None:
            cursor = self._get("/open/v1/availability/changes")["cursor"]
            for pincode in self.wish.pincodes:
                self._now("calendarByPin", {"pincode": pincode})
            for district in self.wish.districts:
                self._now("calendarByDistrict", {"district_id": str(district)})
            self._keep(cursor)

    def stream(self) -> Iterator[dict[str, Any]]:
        """Changes as they come, until the stream ends."""
        asked = {"after": self.cursor, **self.wish.where}
        with self.http.stream("GET", "/open/v1/availability/stream", params=asked, timeout=QUIET) as answer:
            if answer.status_code == httpx.codes.GONE:
                raise Forgotten
            answer.raise_for_status()
            event: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                    continue
                if "data" in event:
                    yield json.loads(event["data"])
                elif "id" in event:
                    self._keep(int(event["id"]))
                event = {}

    def hear(self, change: dict[str, Any]) -> None:
        """Say it if it is news for them, and only then count it as heard: what is told twice is better than never."""
        session, session_id = change["session"], change["session_id"]
        seats = self.wish.seats(session)
        if not seats:
            self.told.discard(session_id)
        elif session_id not in self.told:
            self.told.add(session_id)
            opens = f", booking opens {session['bookable_from']}" if session["bookable_from"] else ""
            center, fee = session["center"]["name"], session["fee"]
            price = "free" if float(fee) == 0 else fee
            self.say(f"{seats} seats: {session['date']} {session['vaccine']} at {center} ({price}){opens}")
        self._keep(change["number"])

    def say(self, text: str) -> None:
        """Tell people; an address that is posted to, such as a topic of ntfy, hands it on to theirs."""
        print(text, flush=True)
        if self.post:
            httpx.post(self.post, content=text.encode(), timeout=10).raise_for_status()

    def _now(self, call: str, where: dict[str, str]) -> None:
        """What is free already, by the calendar of the coming week."""
        path = f"/v2/appointment/sessions/public/{call}"
        for center in self._get(path, **where, date=time.strftime("%d-%m-%Y"))["centers"]:
            for session in center["sessions"]:
                youngest, oldest = session["min_age_limit"], session.get("max_age_limit") or 200
                fits = self.wish.age is None or youngest <= self.wish.age <= oldest
                seats = session.get(f"available_capacity_dose{self.wish.dose}", 0)
                if fits and seats and session["session_id"] not in self.told:
                    self.told.add(session["session_id"])
                    self.say(f"{seats} seats: {session['date']} {session['vaccine']} at {center['name']}")

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.http.get(path, params=query, timeout=30)
        if answer.status_code == httpx.codes.GONE:
            raise Forgotten
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def _keep(self, cursor: int) -> None:
        """Note how far it has come, so that it goes on there when it is started again."""
        self.cursor = cursor
        fresh = self.kept.with_suffix(".new")
        fresh.write_text(json.dumps({"cursor": cursor}))
        fresh.replace(self.kept)


def main() -> None:
    """Read the command line, and follow the feed until stopped."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--base", default="http://127.0.0.1:8000/api", help="where the platform's API is")
    words.add_argument("--pincode", action="append", default=[], help="may be given several times")
    words.add_argument("--district", action="append", default=[], type=int, help="a district's number; several too")
    words.add_argument("--age", type=int, help="of who is looking for a seat")
    words.add_argument("--dose", type=int, default=1)
    words.add_argument("--post", default="", help="address to which each alert is posted as text")
    words.add_argument("--kept", type=Path, default=Path("alert_bot.json"), help="file that keeps the cursor")
    asked = words.parse_args()
    if not (asked.pincode or asked.district):
        words.error("name a --pincode or a --district")
    wish = Wish(asked.pincode, asked.district, asked.age, asked.dose)
    with httpx.Client(base_url=asked.base, headers={"user-agent": "open-cowin-alert-bot/1"}) as http:
        Bot(http, wish, asked.kept, asked.post).run()


if __name__ == "__main__":
    main()
