"""Times and refusals in words, in both languages. Pure."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from services.facility.booking.free import Range
from shared.problems import Message

_DAYS_NB = ("man.", "tir.", "ons.", "tor.", "fre.", "lør.", "søn.")
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(date: dt.date) -> Message:
    at = date.weekday()
    return Message(
        f"{_DAYS_NB[at]} {date.day}.{date.month}.", f"{_DAYS_EN[at]} {date.day} {_MONTHS_EN[date.month - 1]}"
    )


def span(time: Range, zone: ZoneInfo, reading: dt.date) -> Message:
    """A time range for somebody who has the date `reading` before him: the date is told only where it is another."""
    start, end = (at.astimezone(zone) for at in time)
    clocks = f"{start:%H:%M}–{'24:00' if end.date() > start.date() and f'{end:%H:%M}' == '00:00' else f'{end:%H:%M}'}"
    last = (end - dt.timedelta(microseconds=1)).date()
    if start.date() == last == reading:
        return Message(clocks, clocks)
    begins, ends = day(start.date()), day(last)
    if start.date() == last:
        return Message(f"{begins.nb} {clocks}", f"{begins.en} {clocks}")
    return Message(
        f"{begins.nb} {start:%H:%M} – {ends.nb} {end:%H:%M}", f"{begins.en} {start:%H:%M} – {ends.en} {end:%H:%M}"
    )


def distance(away: dt.timedelta) -> Message:
    """Minutes up to two hours, hours up to two days, else days."""
    minutes = round(away.total_seconds() / 60)
    if minutes < 120:
        return Message(f"{minutes} minutter", f"{minutes} minutes")
    if minutes < 48 * 60:
        hours = f"{minutes / 60:.1f}".removesuffix(".0")
        return Message(f"{hours.replace('.', ',')} timer", f"{hours} hours")
    days = round(minutes / (24 * 60))
    return Message(f"{days} dager", f"{days} days")


def occupied(names: Sequence[str], time: Message | None) -> Message:
    """`time` None: the asker may not know."""
    told = Message(f" {time.nb}", f" {time.en}") if time else Message("", "")
    subject, verb = _subject(names)
    return Message(f"{subject.nb} er opptatt{told.nb}.", f"{subject.en} {verb} taken{told.en}.")


def closed(names: Sequence[str], time: Message | None) -> Message:
    """`time` None: nobody knows when it opens again."""
    told = Message(f" {time.nb}", f" {time.en}") if time else Message(" inntil videre", " until further notice")
    subject, verb = _subject(names)
    return Message(f"{subject.nb} er stengt{told.nb}.", f"{subject.en} {verb} closed{told.en}.")


def too_few(name: str, wanted: int, free: int, there: int) -> Message:
    if there == 1:
        return Message(f"«{name}» er opptatt.", f"“{name}” is taken.")
    return Message(
        f"Bare {free} av {there} «{name}» er ledige; du trenger {wanted}.",
        f"Only {free} of {there} “{name}” are free; you need {wanted}.",
    )


def outside_hours(name: str, days: Sequence[Message], following: Message | None) -> Message:
    """`days`: when it is open on the date that was asked for; else `following` is the next time it is."""
    if days:
        nb, en = (", ".join(texts) for texts in ([one.nb for one in days], [one.en for one in days]))
        return Message(f"{name} kan bookes {nb} denne dagen.", f"{name} can be booked {en} that day.")
    if following:
        return Message(
            f"{name} er ikke åpent denne dagen. Neste åpningstid er {following.nb}.",
            f"{name} is not open that day. It opens next {following.en}.",
        )
    return Message(f"{name} har ingen åpningstid framover.", f"{name} has no opening hours ahead.")


def _subject(names: Sequence[str]) -> tuple[Message, str]:
    """Who, and the English verb that goes with it. Without a name it is the room that was asked for."""
    if not names:
        return Message("Rommet", "The room"), "is"
    *rest, last = names
    if not rest:
        return Message(last, last), "is"
    return Message(f"{', '.join(rest)} og {last}", f"{', '.join(rest)} and {last}"), "are"
