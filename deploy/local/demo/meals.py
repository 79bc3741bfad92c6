"""What the demo's senior centres serve."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from deploy.local.demo.acts import Act, Day, command
from deploy.local.demo.caller import Thing
from deploy.local.demo.house import Square, plan
from deploy.local.demo.programme import Line, lines

AHEAD = dt.timedelta(weeks=3)
COUNTED_AFTER = dt.timedelta(minutes=20)


def servings(of: Sequence[Square], days: Sequence[dt.date], now: dt.datetime) -> Iterator[Thing]:
    """Planned, and counted when they are over."""
    for square in of:
        for line in lines(square, "meals"):
            for day in days:
                if line.on(day):
                    over = line.times(day)[1] + COUNTED_AFTER <= now
                    then = (("POST", f"{_path(line, day)}/summarise", _served(line, day)),) if over else ()
                    yield Thing(("PUT", _path(line, day), _body(line, day)), then, _is_planned)


def acts(day: Day) -> Iterator[Act]:
    for line in lines(day.square, "meals"):
        if line.on(day.date):
            served = _served(line, day.date)
            say = day.tell(f"{served['portions_served']} portions served, {line.said['kind']}")
            yield command(line.times(day.date)[1] + COUNTED_AFTER, say, _path(line, day.date), "summarise", served)


def _path(line: Line, day: dt.date) -> str:
    return f"/api/senior_centre/meal-servings/{line.date_id(day)}"


def _body(line: Line, day: dt.date) -> dict[str, Any]:
    said = line.said
    menus = plan()["menus"][said["kind"]]
    nb, en = menus[day.toordinal() % len(menus)]
    return {
        "square_id": str(line.square.id),
        "unit_id": line.square.unit("senior_centre"),
        "kind": said["kind"],
        "menu_nb": nb,
        "menu_en": en,
        "space_ids": [line.square.room(said["room"])],
        "portions_planned": said["portions"],
        "price_nok": said["price"],
        **line.written(day),
    }


def _served(line: Line, day: dt.date) -> dict[str, int]:
    return {"portions_served": round(line.said["portions"] * (0.75 + line.date_id(day).int % 31 / 100))}


def _is_planned(answer: dict[str, Any]) -> bool:
    return answer.get("state") == "planned"
