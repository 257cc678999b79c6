"""Relevance and factuality of answers by their words alone: what they see, and where they say nothing."""

from __future__ import annotations

import pytest

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Source
from app.observability.evaluation.scorers.factuality_lexical import FactualityLexical
from app.observability.evaluation.scorers.relevance_lexical import RelevanceLexical

QUESTION = "How long does a refund of the yearly plan take?"
SOURCE = Source("billing/refunds.md", "Yearly plans", "A refund takes 14 days, or 30 for transfers abroad.")
DECLINED = Output("I could not find this.", (SOURCE,), abstained=True)


def case(*facts: str, question: str = QUESTION) -> Case:
    """A question with the facts of a right answer."""
    return Case("c1", {"question": question}, {"contains": list(facts)}, "common")


@pytest.mark.feature("E3")
@pytest.mark.parametrize(
    ("answer", "facts", "value", "reason"),
    [
        ("A refund takes 14 days [1].", ("14 days",), 1.0, ""),
        ("A refund takes 14 days [1].", ("14 days", "abroad"), 0.5, "lacks 'abroad'"),
        ("1. A refund takes 14 days [1].", ("14 days",), 1.0, ""),
        ("A refund takes 14 days, 45 at most [1].", ("14 days",), 0.0, "no source holds 45"),
        ("It depends [1].", ("14 days",), 0.0, "lacks '14 days'"),
    ],
    ids=["whole", "half", "a number of a list", "a number made up", "nothing"],
)
def test_factuality(answer: str, facts: tuple[str, ...], value: float, reason: str) -> None:
    """Facts that are there, none that no source holds."""
    score = FactualityLexical()(case(*facts), Output(answer, (SOURCE,)))

    assert score is not None
    assert (score.value, score.reason) == (value, reason)


@pytest.mark.feature("E3")
def test_factuality_of_abstentions_and_of_cases_without_facts() -> None:
    """Declining what could be answered holds no fact; where none is expected there is nothing to measure."""
    declined = FactualityLexical()(case("14 days"), DECLINED)

    assert declined is not None
    assert declined.value == 0
    assert FactualityLexical()(case(), Output("Anything [1].", (SOURCE,))) is None


@pytest.mark.feature("E3")
@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("A refund takes 14 days, for yearly plans too. It is not long [1].", 1.0),
        ("14 days [1].", 1.0),
        ("14 days.", 0.0),
        ("Penguins live at the coast.", 0.0),
    ],
    ids=["all words", "words of the cited heading count", "those of others do not", "about something else"],
)
def test_relevance(answer: str, value: float) -> None:
    """Words of the question in the answer, or in the headings it cites."""
    score = RelevanceLexical()(case(), Output(answer, (SOURCE,)))

    assert score is not None
    assert score.value == value


@pytest.mark.feature("E3")
def test_relevance_says_nothing_of_an_abstention_or_a_question_without_words() -> None:
    """Whether it was right to decline is another scorer's question."""
    assert RelevanceLexical()(case(), DECLINED) is None
    assert RelevanceLexical()(case(question="???"), Output("Anything.", ())) is None
