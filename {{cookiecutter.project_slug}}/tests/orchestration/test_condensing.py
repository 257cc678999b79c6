"""Shorter contexts: sentences that bear on the question, or summaries that a model makes of each passage."""

from __future__ import annotations

import logging

import pytest

from app.data.retrieval import Hit
from app.errors import CallFailedError
from app.intelligence.reply import Reply
from app.orchestration.condensing import relevant_sentences, summaries
from app.orchestration.routing import as_context
from tests.interface.fakes import reply_of
from tests.orchestration.test_citations import hit

PASSAGE = "Refunds take 14 days. They go back to the card. Our office is in Lisbon. We have three parrots."
TABLE = "Our rates.\n\n| Country | Rate |\n| --- | --- |\n| Spain | 21% |\n| Turkey | 20% |\n\nThe parrots are well."


@pytest.mark.feature("P5")
def test_sentences_that_share_words_stay_with_the_one_behind_them() -> None:
    """What explains them often follows; what shares nothing goes; a passage without any stays whole."""
    assert relevant_sentences("How long do refunds take?", PASSAGE) == "Refunds take 14 days. They go back to the card."
    assert relevant_sentences("Quelle est la durée ?", PASSAGE) == PASSAGE


@pytest.mark.feature("P5")
def test_a_table_is_kept_whole_or_not_at_all() -> None:
    """A row without its head would say nothing."""
    kept = relevant_sentences("What is the tax in Spain?", TABLE)

    assert "| Country | Rate |" in kept
    assert "| Turkey | 20% |" in kept
    assert "Our rates" not in kept


@pytest.mark.feature("P5")
async def test_a_summary_that_fails_leaves_its_passage_whole(caplog: pytest.LogCaptureFixture) -> None:
    """One call a passage; the log names the passage, the others are shortened."""
    hits: list[Hit] = [hit(1, PASSAGE), hit(2, "The trial is 21 days long. It ends by itself.")]

    async def ask(task: str, inputs: dict[str, str]) -> Reply:
        if "trial" in inputs["passage"]:
            raise CallFailedError("503", attempts=2)
        return reply_of("Refunds take 14 days.", task=task)

    with caplog.at_level(logging.WARNING):
        texts, replies = await summaries("How long do refunds take?", hits, ask)

    assert texts == ["Refunds take 14 days.", hits[1].text]
    assert len(replies) == 1
    assert f"passage {hits[1].chunk_id} is given whole" in caplog.text
    assert as_context(hits, texts).splitlines()[1] == "Refunds take 14 days."
