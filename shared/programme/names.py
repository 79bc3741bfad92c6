"""Codes that people choose from, with their names in both languages."""

from collections.abc import Mapping

from shared.problems import Message


def listed(names: Mapping[str, Message]) -> list[dict[str, str]]:
    """In the order of the list, as answers show it."""
    return [{"code": code, "nb": name.nb, "en": name.en} for code, name in names.items()]
