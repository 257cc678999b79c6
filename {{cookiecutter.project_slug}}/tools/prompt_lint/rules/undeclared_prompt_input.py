"""undeclared_prompt_input: what a prompt asks for is declared under `inputs:`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tools.prompt_lint.discovery import PROMPT_FILE
from tools.prompt_lint.findings import Finding, Severity
from tools.prompt_lint.prompt_files import declared_inputs, placeholders
from tools.prompt_lint.rules.rule import Case, PromptFolder

_HEAD = "description: Answers a question.\ninputs:\n  question: {type: string, description: What the user asks.}\n"


class UndeclaredPromptInput:
    """
    Before:

        inputs:
          question: {type: string}
        messages:
          - {role: user, content: "{{context}} {{question}}"}

    After:

        inputs:
          context: {type: string, description: Numbered sources.}
          question: {type: string}

    An undeclared input is refused when the prompt is rendered; here it is refused before it is committed.
    """

    id = "undeclared_prompt_input"
    severity: Severity = "error"

    def check_folder(self, folder: PromptFolder) -> Iterator[Finding]:
        """One finding for each undeclared name, where it is first used; one for a file that is not text."""
        for file in sorted(folder.chosen):
            if not file.name.endswith(PROMPT_FILE) or not file.is_file():
                continue
            path = Path(folder.name, file.relative_to(folder.root)).as_posix()
            try:
                text = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                yield Finding(
                    path, None, 1, 1, self.id, self.severity, "prompt file is not UTF-8 text: save it as UTF-8"
                )
                continue
            known = set(declared_inputs(text))
            for used in placeholders(text):
                if used.name not in known:
                    known.add(used.name)
                    message = f"input {used.name!r} is not declared: add it under `inputs:`, or correct the placeholder"
                    yield Finding(path, None, used.line, used.line, self.id, self.severity, message, text=used.name)

    must_fire = (
        Case(
            "a placeholder without declaration",
            {
                "prompts/answer/v1.prompt.yml": _HEAD
                + "messages:\n  - {role: user, content: '{{context}} {{question}}'}\n"
            },
        ),
        Case(
            "no inputs at all",
            {
                "prompts/answer/v1.prompt.yml": "description: x\nmessages:\n  - role: user\n    content: |\n      {{ "
                "question }}\n"
            },
        ),
        Case(
            "a key of an input is not an input",
            {"prompts/answer/v1.prompt.yml": _HEAD + "messages:\n  - {role: user, content: '{{type}} {{question}}'}\n"},
        ),
    )
    must_not_fire = (
        Case(
            "declared inputs",
            {"prompts/answer/v1.prompt.yml": _HEAD + "messages:\n  - {role: user, content: '{{question}}'}\n"},
        ),
        Case(
            "inputs in one line",
            {"prompts/answer/v1.prompt.yml": "inputs: {question: {type: string}, context: {type: string}}\nmessages:\n"
             "  - {role: user, content: '{{context}} {{ question }}'}\n"},
        ),
        Case(
            "braces of the prompt's own",
            {"prompts/answer/v1.prompt.yml": 'messages:\n  - role: user\n    content: "Explain \\\\{{ topic }}."\n'
             "  - role: user\n    content: |-\n      Explain \\{{ topic }}.\n"},
        ),
        Case(
            "a placeholder that is only described",
            {"prompts/answer/v1.prompt.yml": "description: 'Write {{name}} to have a name.'\nmessages:\n  - {role: "
                                             "user, content: Hi}\n"},
        ),
    )  # fmt: skip
