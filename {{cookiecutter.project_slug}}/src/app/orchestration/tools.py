"""The tools of this project. Add yours here; a tool is nobody's until `tools` in config/base.yaml says for whom."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from app.caller import Caller
from app.intelligence.tools.toolbox import ToolSpec
from app.orchestration.nodes import Retrieve
from app.orchestration.withholding import withheld
from app.settings import Guards


class SearchDocuments(BaseModel):
    """Arguments of `search_documents`."""

    question: str = Field(description="What to look for, as a whole question", min_length=2, max_length=2_000)


def tools(retrieve: Retrieve, guards: Guards) -> Sequence[ToolSpec]:
    """All of them. `retrieve(question, caller)` gives the passages the caller may read."""

    async def search_documents(arguments: SearchDocuments, caller: Caller) -> str:
        hits = withheld(await retrieve(arguments.question, caller), guards, [arguments.question])
        return "\n\n".join(f"[{hit.document_id}] {hit.section}\n{hit.text}" for hit in hits) or "nothing was found"

    return [
        ToolSpec(
            "search_documents",
            "Searches the documentation and gives the passages that fit a question best.",
            SearchDocuments,
            search_documents,
        )
    ]
