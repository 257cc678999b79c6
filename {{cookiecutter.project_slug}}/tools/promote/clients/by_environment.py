"""Libraries that ask models with clients of their own: evaluation, memory, guardrails, agents that come ready-made."""

from __future__ import annotations

import ast

LIBRARIES = (
    "ragas", "deepeval", "autoevals", "openevals", "agentevals", "trulens", "trulens_eval", "phoenix.evals", "giskard",
    "continuous_eval", "mem0", "langmem", "letta", "cognee", "graphiti_core", "graphrag", "lightrag", "embedchain",
    "guardrails", "nemoguardrails", "browser_use", "pandasai", "gpt_researcher", "marvin", "mirascope", "magentic",
    "textgrad", "aisuite", "semantic_router", "haystack_integrations.agent_pack",
    "praisonai", "praisonaiagents", "ell", "claudette", "cosette", "paperqa", "interpreter", "docetl", "langroid",
    "uptrain", "upsonic", "controlflow", "scrapegraphai",
)  # fmt: skip


def asking(node: ast.AST) -> set[str]:
    """The libraries of the list that a statement imports from."""
    if isinstance(node, ast.ImportFrom) and not node.level:
        paths = [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Import):
        paths = [alias.name for alias in node.names]
    else:
        return set()
    return {name for name in LIBRARIES for path in paths if path == name or path.startswith(f"{name}.")}
