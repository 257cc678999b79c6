"""hardcoded_model_id: which model serves a task is configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.prompt_lint.findings import Finding, Severity
from tools.prompt_lint.rules.rule import Case, Reading
from tools.prompt_lint.texts import Text

_MODEL = re.compile(
    r"(?:[\w.-]+[/:])*(?:"
    r"gpt-(?:3\.5|4|5|oss)[\w.:-]*|o[134](?:-(?:mini|preview|pro|deep-research)[\w-]*)|chatgpt-[\w.-]+|"
    r"text-(?:davinci|curie|"
    r"babbage|ada|embedding|bison|unicorn)-[\w-]+|text-embedding-[\w-]+|(?:davinci|babbage)-00\d|dall-e-\d|whisper-\d|"
    r"claude-(?:\d|instant|v\d|opus|sonnet|haiku|fable)[\w.:@-]*|(?:anthropic\.)claude[\w.:-]+|"
    r"gemini-(?:\d|pro|ultra|flash|exp)[\w.-]*|gemma-?\d[\w.-]*|(?:chat|code|text)-bison(?:[\w@-]*)|imagen-?\d[\w.-]*|"
    r"command-(?:r|a|light|nightly|xlarge)[\w.-]*|embed-(?:english|multilingual|v\d)[\w.-]*|rerank-[\w.-]+|"
    r"(?:mistral|ministral|codestral|pixtral|mixtral|magistral|devstral)-[\w.-]+|open-mi[sx]tral-[\w.-]+|"
    r"(?:meta[.-])?llama-?\d[\w.:-]*|deepseek-[\w.:-]+|qwen[\d-][\w.:-]*|grok-[\w.-]+|phi-?\d[\w.:-]*|"
    r"amazon\.(?:titan|nova)[\w.:-]+"
    r")",
    re.IGNORECASE,
)
_TABLE = 30
"""Different ids from which a file is a list of models, not a choice of one."""
_NAMED = re.compile(r"model|engine|deployment|llm|generator", re.IGNORECASE)


class HardcodedModelId:
    """
    Before:

        client.chat.completions.create(model="gpt-4o-2024-08-06", messages=messages)

    After, with the model in `config/base.yaml`:

        client.chat.completions.create(model=settings.assistant.model_name, messages=messages)

    A model is retired, repriced or out of reach one day; then one line of configuration changes, not every file.
    A warning: a promoted notebook keeps its own until somebody routes its task.
    """

    id = "hardcoded_model_id"
    severity: Severity = "warning"

    def check(self, reading: Reading) -> Iterator[Finding]:
        """One finding for each string that is the id of a provider's model; one for a whole table of them."""
        found = list(self._ids(reading))
        if len({text.literal for text in found}) > _TABLE:
            first, *_, last = found
            message = f"a table of {len(found)} model ids in code: it is data that ages, keep it in config/"
            yield Finding(
                reading.source.path, first.cell, first.line, first.end_line, self.id, self.severity, message,
                (first.statement[0], max(first.statement[1], last.end_line if last.cell == first.cell else 0)),
                "a table of model ids",
            )  # fmt: skip
            return
        for text in found:
            message = f"model id {text.literal!r} hardcoded: route the task in config/, or take it as a parameter"
            yield Finding(
                reading.source.path, text.cell, text.line, text.end_line, self.id, self.severity, message,
                text.statement, text.literal,
            )  # fmt: skip

    def _ids(self, reading: Reading) -> Iterator[Text]:
        for text in reading.facts.texts:
            if text.excluded or len(text.literal) > 100 or " " in text.literal:
                continue
            if not reading.llm_file and not any(_NAMED.search(name) for name in text.names[:2]):
                continue
            if _MODEL.fullmatch(text.literal):
                yield text

    must_fire = (
        Case(
            "a model argument", {"a.py": "import openai\nclient.chat.completions.create(model='gpt-4o', messages=ms)\n"}
        ),
        Case("a constant", {"a.py": "MODEL = 'claude-3-5-sonnet-20241022'\n"}),
        Case(
            "a positional id",
            {"a.ipynb": ["import google.generativeai as genai", "m = genai.GenerativeModel('gemini-1.5-pro')"]},
        ),
        Case("a path on a hub", {"a.py": "model = 'meta-llama/Llama-3-8b-chat-hf'\n"}),
    )
    must_not_fire = (
        Case(
            "a model from configuration",
            {"a.py": "import openai\nclient.chat.completions.create(model=settings.model, messages=ms)\n"},
        ),
        Case(
            "a name of one's own",
            {"a.py": "import openai\nclient.chat.completions.create(model='small', messages=ms)\n"},
        ),
        Case("a comparison", {"a.py": "import openai\nif model == 'gpt-4o':\n    limit = 128_000\n"}),
        Case("a word that begins like one", {"a.py": "command = 'command-line'\n"}),
    )
