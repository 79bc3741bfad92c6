"""Every reason a plan can give is a sentence in both languages."""

import re
from typing import get_args

import pytest

from services.facility.season import reasons
from services.facility.season.domain import Terms
from services.facility.season.plan import Rule

FACTS = {
    "priority": {"mine": "business", "theirs": "voluntary"},
    "earlier_round": {"mine": 2, "theirs": 1},
    "fewer_hours": {"mine": 150, "theirs": 60},
    "lot": {"mine": 17, "theirs": 4},
    "outside_hours": {"dates": 38, "closed": 20, "occupied": 1},
    "occupied": {"dates": 38, "closed": 0, "occupied": 21},
    "noise_around": {"dates": 38, "closed": 0, "occupied": 1, "noisy": 20},
    "noise": {"source": "Gymsalen", "heard_in": "Stillerommet", "before": "fewer_hours", "mine": 150, "theirs": 60},
    "quota": {"had": 120, "most": 180},
    "refused_by_hand": {"reason": "Vedtatt {grunn}"},
    "given_by_hand": {"reason": "Etter samtale"},
}
CHOICES = {"first_choice", "any_room", "other_room", "other_time", "given_by_hand"}


def test_rules__all_that_a_plan_can_give__have_a_sentence() -> None:
    assert set(get_args(Rule)) | CHOICES == reasons.RULES


@pytest.mark.parametrize("rule", sorted(reasons.RULES))
def test_sentence__of_every_rule__tells_its_facts_in_both_languages(rule: str) -> None:
    said = reasons.sentence(rule, FACTS.get(rule, {}))
    assert said.nb != said.en
    for text in (said.nb, said.en):
        assert text.endswith((".", "}", "samtale"))
        assert not re.search(r"\{(?!grunn)", text)


def test_sentence__hours__are_written_as_people_do() -> None:
    said = reasons.sentence("fewer_hours", FACTS["fewer_hours"])
    assert "(1 mot 2,5)" in said.nb
    assert "(1 against 2.5)" in said.en


def test_rule_text__of_a_season__says_its_own_order_quota_and_tie_break() -> None:
    terms = Terms(priority=("municipal", "business"), free_before_paid=False, least_percent=90, most_weekly_minutes=150)
    said = " ".join(paragraph.nb for paragraph in reasons.rule_text(terms))
    assert "kommunal, næring, andre" in said
    assert "2,5 timer i uken" in said
    assert "minst 90 %" in said
    assert "gratis" not in said


@pytest.mark.parametrize(
    ("choice", "named", "by_hand", "rule"),
    [
        ((0, 0), True, False, "first_choice"),
        ((0, 3), False, False, "any_room"),
        ((0, 1), True, False, "other_room"),
        ((1, 0), True, False, "other_time"),
        ((0, 0), True, True, "given_by_hand"),
    ],
)
def test_choice_rule__of_a_place__says_which_choice_it_was(
    choice: tuple[int, int], named: bool, by_hand: bool, rule: str
) -> None:
    assert reasons.choice_rule(choice, named, by_hand) == rule
