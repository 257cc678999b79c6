"""Personal data of documents is not passed on: not in answers, not in quotes, not to tools; the caller's own is."""

from __future__ import annotations

import pytest

from app.caller import Caller
from app.orchestration.graph import Assistant
from app.orchestration.tools import SearchDocuments, tools
from app.orchestration.withholding import withheld
from app.settings import Guards, Settings
from tests.interface.fakes import ScriptedGateway
from tests.orchestration.test_citations import hit
from tests.orchestration.test_graph import Search

MARIA = "maria.lopez@customers.example"
PASSAGE = f"Refunds take 14 days. The last ticket came from {MARIA}, card 4111 1111 1111 1111."


@pytest.mark.feature("I3")
@pytest.mark.parametrize(
    ("guards", "said", "left"),
    [
        (Guards(), "Who asked last?", ()),
        (Guards(), f"I am {MARIA.upper()}, what about my refund?", (MARIA,)),
        (Guards(), "Is 4111-1111-1111-1111 mine?", ("4111 1111 1111 1111",)),
        (Guards(public_personal_data=("*@customers.example",)), "Who asked last?", (MARIA,)),
        (Guards(public_personal_data=("CARD",)), "Which card?", ("4111 1111 1111 1111",)),
        (Guards(mask_document_personal_data=False), "Who asked last?", (MARIA, "4111 1111 1111 1111")),
    ],
    ids=["withheld", "the caller's own", "punctuated otherwise", "a public form", "a public kind", "switched off"],
)
def test_what_is_left_of_a_passage(guards: Guards, said: str, left: tuple[str, ...]) -> None:
    """Each value goes or stays by itself; the rest of the passage stays word for word."""
    [shown] = withheld([hit(1, PASSAGE)], guards, [said])

    assert shown.text.startswith("Refunds take 14 days. The last ticket came from ")
    for value, kind in ((MARIA, "EMAIL"), ("4111 1111 1111 1111", "CARD")):
        assert (value in shown.text) is (value in left)
        assert (f"[{kind}_removed]" in shown.text) is (value not in left)


@pytest.mark.feature("I3")
async def test_a_model_never_sees_it_and_no_quote_shows_it(settings: Settings) -> None:
    """Context, answer and citation hold the mark instead."""
    gateway = ScriptedGateway({"route": "documentation", "answer": "The last ticket came from [EMAIL_removed] [1]."})
    assistant = Assistant(settings, gateway, Search(hit(1, PASSAGE)))

    answer = await assistant.ask("Who asked last?", Caller())

    assert MARIA not in str(gateway.calls)
    assert answer.text == "The last ticket came from [EMAIL_removed] [1]."
    assert MARIA not in str(answer)


@pytest.mark.feature("I3")
async def test_a_tool_finds_the_same_passages() -> None:
    """What a model may search by itself holds no more than what it is given."""
    [search] = tools(Search(hit(1, PASSAGE)), Guards())

    found = await search.run(SearchDocuments(question="Who asked last?"), Caller())

    assert "[EMAIL_removed]" in found
    assert MARIA not in found
