"""secret_in_prompt: no credential in a text that leaves the house."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.prompt_lint.discovery import PROMPT_FILE
from tools.prompt_lint.findings import Finding, Severity
from tools.prompt_lint.prompt_files import message_lines
from tools.prompt_lint.rules.rule import Case, PromptFolder, Reading

_SECRETS: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = (
    ("an API key", ("sk-", "rk-", "pk-"),
     re.compile(r"\b(?:sk|rk|pk)-(?:proj-|ant-|live-|or-|svcacct-)?(?=[\w-]*\d)[A-Za-z0-9_-]{20,}")),
    ("an API key", ("_live_", "_test_"), re.compile(r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("a Google API key", ("AIza",), re.compile(r"\bAIza[0-9A-Za-z_-]{30,}")),
    ("an AWS access key", ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
     re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})")),
    ("a Slack token", ("xox",), re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a Hugging Face token", ("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("a GitLab token", ("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a private key", ("PRIVATE KEY",), re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
    ("a JSON web token", (".eyJ",), re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")),
    ("a bearer token", ("Bearer",), re.compile(r"\bBearer\s+(?=[A-Za-z0-9._-]*\d)[A-Za-z0-9._-]{24,}")),
    ("credentials in an address", ("://",),
     re.compile(r"\b[a-z][a-z0-9+]*://[^\s:/@{}]+:(?![{<$*])[^\s:/@{}]{3,}@[\w.-]+")),
    ("a password", ("assword", "asswd", "PASSW", "pwd", "ecret"),
     re.compile(r"\b(?:password|passwd|pwd|secret)\s*(?:is|[:=])\s*[\"'`]?(?=\S*\d)(?=\S*[A-Za-z])[^\s\"'`{}<>,;]{8,}",
                re.IGNORECASE)),
)  # fmt: skip
"""What it is, parts of which one stands in every such secret (looked for first, because it is fast), its form."""

_SIGNS = re.compile("|".join(re.escape(sign) for _, signs, _ in _SECRETS for sign in signs))


class SecretInPrompt:
    """
    Before:

        PROMPT = "You may query the warehouse with password: hunter2-2024. Answer the question."

    After: the credential in settings, used by the tool that needs it; the model never sees it.

    A prompt is sent to a third party, logged, cached, evaluated and shown in reviews. A secret in it is published;
    revoke
    it first, then remove it. The message never repeats the secret.
    """

    id = "secret_in_prompt"
    severity: Severity = "error"

    def check(self, reading: Reading) -> Iterator[Finding]:
        """One finding for each prompt in code that holds something of the form of a credential."""
        for prompt in reading.prompts:
            text = prompt.text
            kind = _secret(text.literal)
            if kind:
                yield Finding(
                    reading.source.path, text.cell, text.line, text.end_line, self.id, self.severity, _message(kind),
                    text.statement, text.literal,
                )  # fmt: skip

    def check_folder(self, folder: PromptFolder) -> Iterator[Finding]:
        """One finding for each line of a prompt file's messages that holds one."""
        for file in sorted(folder.chosen):
            if not file.name.endswith(PROMPT_FILE) or not file.is_file():
                continue
            path = Path(folder.name, file.relative_to(folder.root)).as_posix()
            for number, line in message_lines(file.read_text(encoding="utf-8", errors="replace")):
                kind = _secret(line)
                if kind:
                    yield Finding(path, None, number, number, self.id, self.severity, _message(kind), text=line)

    must_fire = (
        Case(
            "a key in a system prompt",
            {"a.py": "import openai\nask(messages=[{'role': 'system', 'content': 'You are a helper. Use the key sk-"
             + "a1B2" * 8 + ".'}])\n"},
        ),
        Case(
            "a database address in a prompt constant",
            {"a.ipynb": ["import openai",
            "PROMPT = 'You are an analyst. The data is at postgresql://bob:s3cret9@db.internal/sales.'"]},
        ),
        Case(
            "a password in a prompt file",
            {"prompts/answer/v1.prompt.yml": "messages:\n  - role: system\n    content: 'Log in with password: "
                                             "hunter2-2024'\n"},
        ),
    )  # fmt: skip
    must_not_fire = (
        Case("talk about passwords",
        {"a.py": "import openai\nPROMPT = 'You are a helper. Never ask for a password: it is private.'\n"}),
        Case("a placeholder",
        {"a.py": "import openai\nPROMPT = 'You are a helper. Connect to postgresql://user:{password}@host/db.'\n"}),
        Case(
            "a key outside of prompts is another linter's",
            {"a.py": "KEY = 'sk-" + "a1B2" * 8 + "'\n"},
        ),
    )  # fmt: skip


def _secret(text: str) -> str:
    """What kind of credential stands in the text; empty for none."""
    if not _SIGNS.search(text):
        return ""
    for kind, signs, pattern in _SECRETS:
        if any(sign in text for sign in signs) and pattern.search(text):
            return kind
    return ""


def _message(kind: str) -> str:
    return f"{kind} stands in a prompt, which is sent and logged: revoke it, then remove it from the text"
