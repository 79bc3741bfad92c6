"""Calendars of others (iCalendar, RFC 5545) read into entries with their dates. Pure: no network, no clock.

`reading.read` takes a file, `Entry.dates` says what happens in a window. What cannot be used is told entry by entry.
"""
