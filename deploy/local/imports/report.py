"""What an import took, what it refused and why, and whether the result is what it should be."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Report:
    """Counts by kind of thing. A second run of the same import has nothing under `taken`.

    `entries` says what became of each part of the source, where it has parts that people know by name.
    """

    name: str
    taken: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)
    entries: list[tuple[str, str]] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.wrong

    def count(self, kind: str, new: bool) -> None:
        (self.taken if new else self.unchanged)[kind] += 1

    def lines(self) -> Iterator[str]:
        yield f"{self.name}: {'as expected' if self.ok else 'NOT as expected'}"
        for title, counts in (("taken", self.taken), ("unchanged", self.unchanged)):
            found = [f"{number} {kind}" for kind, number in counts.items() if number]
            yield f"  {title:<10} {', '.join(found) or 'nothing'}"
        if self.entries:
            yield f"  entries    {len(self.entries)}"
            yield from (f"    {what}: {became}" for what, became in self.entries)
        yield f"  refused    {len(self.refused) or 'nothing'}"
        yield from (f"    {what}: {why}" for what, why in self.refused)
        yield from (f"  checked    {line}" for line in self.checked)
        yield from (f"  WRONG      {line}" for line in self.wrong)
