"""docs/reference/doors.md, from the table of fields: `python -m app.interface.doors.page > docs/reference/doors.md`."""

from __future__ import annotations

import sys

from app.intelligence.wire.documented import DOORS, Door

OPENING = """\
# What the doors do with each field of a request

Every field that the vendors' SDKs document, at the versions pinned here. Written from
`src/app/intelligence/wire/documented.py` by `python -m app.interface.doors.page`; a test asks each door for each
field.

- **served**: read, and meant to whatever provider answers.
- **passed**: handed to a provider that knows the field. Where another answers (the stand-in, a provider of another
  protocol) the reply does without, and the header `x-fields-left-out` names the field; a stream names it before it
  begins, of the provider that is asked first. Fields that nobody documents are treated so, too. OpenAI's two
  protocols, Mistral's and Anthropic's hand each other what they share: effort, verbosity, penalties, calls side by
  side.
- **no effect**: changes nothing of what a reply says: cost, speed, bookkeeping. Handed to a provider of the same
  protocol, and not named elsewhere.
- **refused**: an error that names the field and says what to do.

A request that cannot be meant is answered with the status 400 in the vendor's own form, before anything is paid;
OpenAI's errors have the field's place as `param` (`tools[0].type`). `temperature`, `top_p` and `seed` mean nothing to
the stand-in, which says the same to the same request. A `seed` is named as left out where the provider has none
(Anthropic, Responses).

**Tools that run at a provider** (web search, file search, code interpreter, image generation, MCP servers, Google
Search, code execution) are refused at every door, with the stand-in and with providers alike: what such a tool reads
and sends passes neither the guards nor the budget, and its results have no place in a reply that another provider may
have to give. The remedy is a function tool of your own, whose calls and results go through the gateway.

**Custom tools** of OpenAI's (`type: custom`) go round at chat and at Responses. A provider of OpenAI's protocols gets
them as they are; any other is offered a function of one text, with the grammar in its description. The stand-in's
text fits a regular expression, not a lark grammar.

**Log probabilities** are told at chat (`logprobs`, `top_logprobs`) and at Responses (`message.output_text.logprobs`),
whole and streamed, by providers of OpenAI's protocols, by Gemini's and by the stand-in; with whole replies also at
Gemini's door (`responseLogprobs`) and at Cohere's generate (`return_likelihoods`). A text whose tokens are not all
known, because its provider tells none or personal data was taken out or put back, is an error that says so; in a stream
that has begun, its last event.

**Results of tools** without `tool_call_id` answer the oldest open call, of their tool where they name it.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([OPENING, *(_section(door) for door in DOORS)])


def _section(door: Door) -> str:
    rows = [f"## {door.title}\n", f"`{door.path}`\n", "| Field | What becomes of it | |", "|---|---|---|"]
    for name in sorted(door.fields):
        why = door.refused.get(name)
        note = door.notes.get(name, "") if why is None else why
        rows.append(f"| `{name}` | {_treatment(door, name)} | {note} |")
    return "\n".join(rows) + "\n"


def _treatment(door: Door, name: str) -> str:
    if name in door.refused:
        return "refused"
    if name in door.served:
        return "served"
    return "passed" if name in door.passed else "no effect"


if __name__ == "__main__":
    sys.stdout.write(page())
