"""An appointment as an iCalendar file (RFC 5545)."""

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event

REMIND_BEFORE = timedelta(days=1)


def calendar_file(*, uid: str, stamp: datetime, begins: datetime, ends: datetime, title: str, place: str) -> bytes:
    """One event with a reminder a day before; times in UTC, so that every calendar shows them right."""
    calendar, event, alarm = Calendar(), Event(), Alarm()
    calendar.add("prodid", "-//Open Co-WIN//Appointments//EN")
    calendar.add("version", "2.0")
    event.add("uid", uid)
    for name, at in (("dtstamp", stamp), ("dtstart", begins), ("dtend", ends)):
        event.add(name, at.astimezone(UTC))
    event.add("summary", title)
    event.add("location", place)
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", -REMIND_BEFORE)
    event.add_component(alarm)
    calendar.add_component(event)
    return bytes(calendar.to_ical())
