"""Writes docs/reference/clients.md from the families themselves, so that it cannot be wrong about them.

`python -m tools.promote.clients.page > docs/reference/clients.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tools.promote.clients import FAMILIES
from tools.promote.clients.family import Family

_HEAD = """\
# Clients and doors

What `promote` does with each client it meets. Generated from the families; do not edit:
`python -m tools.promote.clients.page > docs/reference/clients.md`.

Call sites are never touched: a constructor loses its key and address and gains the door's. What makes its client out
of reach is found through the environment, which the step sets before anything is imported (`use_door_environment()`).
What no door serves is refused with cell, line, reason and remedy, and keeps the step out of the pipeline.

| protocol | doors |
|---|---|
| OpenAI | `/v1/chat/completions`, `/v1/responses`, `/v1/completions`, `/v1/embeddings` |
| Anthropic | `/v1/messages`, `/v1/messages/count_tokens` (an estimate) |
| Gemini | `/v1beta/models/<name>:generateContent`, `:streamGenerateContent`, `:embedContent`, `:batchEmbedContents` |
| Gemini | `/v1beta/models/<name>:countTokens` (an estimate) |
| Gemini | `/v1beta/interactions`, each with its whole conversation: nothing is kept |
| Cohere | `/v2/chat`, `/v2/embed`, `/v2/rerank`; of version 1 `/v1/chat`, `/v1/embed`, `/v1/rerank`, `/v1/generate` |
| Voyage | `/voyage/v1/embeddings`, `/voyage/v1/rerank` |
| Mistral | OpenAI's addresses, known by the client's name |
| Ollama | `/api/chat`, `/api/generate`, `/api/embed`, `/api/show`, `/api/tags` |
| Hugging Face | text generation at `/v1`, where its client asks it; chat at OpenAI's address |
| Amazon Bedrock | `/model/<id>/converse`, `/model/<id>/converse-stream` |

Texts are ranked by the model that `retrieval.rerank` names, or by the one a client names if it is one of ours; without
either by the likeness of vectors. `x-reranked-by` says which.

`boto3.client("bedrock-runtime")`, of the module or of a session, goes through Converse; `invoke_model` is refused, for
each maker's models take a body of their own there. Amazon's other services that manage models are left alone.

Functions of `openai` before 1.0 and Google's retired `GenerativeModel` have stand-ins in `app.orchestration`, which ask
through the door with the clients of today.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(family) for family in FAMILIES)


def _section(family: Family) -> str:
    rows = [f"\n## {family.name}\n", f"Imported from {_listed(family.modules)}.\n"]
    pointed = [name for name, made in family.constructors.items() if made.becomes is None and made.gains]
    rows += _line("Pointed at the door", pointed)
    becoming = [f"`{n}` → `{made.becomes}`" for n, made in family.constructors.items() if made.becomes is not None]
    rows += [f"- Become another class: {', '.join(becoming)}"] if becoming else []
    reading = [n for n, made in family.constructors.items() if made.surrounded and not made.gains]
    rows += _line("Read the environment", [*reading, *family.surrounded])
    rows += _line("Refused", family.refusals)
    rows += _line("Refused calls", family.calls)
    rows += [
        f"- {note[0].upper()}{note[1:]}." for note in _unique(m.note for m in family.constructors.values()) if note
    ]
    return "\n".join(rows) + "\n"


def _line(title: str, names: Iterable[str]) -> list[str]:
    listed = _listed(names)
    return [f"- {title}: {listed}"] if listed else []


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in _unique(names))


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


if __name__ == "__main__":
    sys.stdout.write(page())
