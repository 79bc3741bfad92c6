"""Repeated items by iCalendar's rules, with the differences rule C of the house makes. Pure; knows no service."""
