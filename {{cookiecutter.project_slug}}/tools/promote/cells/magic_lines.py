"""What a step makes of the magics and shell lines a notebook runs: each that matters is named, with what to do.

Installations are `dependencies`, keys that `%env` sets are `secrets`; display and timing say nothing of themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.promote.notebook.magics import Magic
from tools.promote.notebook.outcome import Finding, Outcome
from tools.promote.notebook.program import CodeCell
from tools.promote.notebook.splice import Edits

HARMLESS = {
    "matplotlib", "reload_ext", "autoreload", "config", "time", "timeit", "capture", "pylab", "precision", "prun",
    "who", "whos", "pwd", "html", "HTML", "markdown", "latex", "svg", "javascript", "js", "python", "python3", "reset",
    "memit", "mprun", "tb", "xmode", "ls", "cat", "mkdir",
}  # fmt: skip
SHOWN = 60


@dataclass(frozen=True)
class Rule:
    """One kind of line. `{0}` in reason and remedy is what the first group of the pattern caught."""

    pattern: re.Pattern[str]
    reason: str
    remedy: str
    outcome: Outcome = "kept"


RULES = (
    Rule(
        re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?(\S+)"),
        "it writes {0} each time the step runs",
        "add {0} to the project and read or import it from there",
    ),
    Rule(
        re.compile(r"[!%]+\s*(?:sudo\s+)?(wget|curl|gdown|gsutil\b.*\bcp|aws\s+s3\s+(?:cp|sync)|git\s+clone)\b"),
        "it downloads each time the step runs",
        "keep the file in the project's data and read it from there, or see that the pipeline reaches the network",
    ),
    Rule(
        re.compile(r"%(?:set_)?env\s+(\w+)[\s=]"),
        "it sets {0} for this step alone",
        "set {0} in .env, when more than this step reads it",
    ),
    Rule(re.compile(r"%(?:set_)?env\b"), "it shows the environment", "remove it: executed notebooks would hold keys"),
    Rule(re.compile(r"%(?:load_ext|reload_ext)\s+(?:autoreload|dotenv|tensorboard)\b"), "", ""),
    Rule(re.compile(r"%dotenv\b"), "", ""),
    Rule(
        re.compile(r"%load_ext\s+(\S+)"), "it needs the package of {0}", "add that package to requirements-notebooks.in"
    ),
    Rule(
        re.compile(r"[!%]\s*(export|cd|source|set)\b"),
        "`{0}` ends with its own shell: no later line sees it",
        "use os.environ or os.chdir",
    ),
    Rule(re.compile(r"[!%]\s*(?:pip3?|conda|uv)\s+(?:pip\s+)?(?:list|show|freeze|check)\b"), "it shows versions", ""),
    Rule(
        re.compile(r"(?:[\w.,\s]+=\s*)?!|%%(?:bash|sh|script|!|cmd)\b|%(?:system|sx|sc|run)\b"),
        "it runs a command of the shell",
        "see that its tools are there when the pipeline runs",
    ),
    Rule(
        re.compile(r"%store\b"),
        "what it keeps lies outside the project, where a pipeline finds nothing",
        "write it as JSON or Parquet and read it from there",
        "refused",
    ),
)  # fmt: skip


def check_magic(cell: CodeCell, magic: Magic, edits: Edits) -> Finding | None:
    """The finding for one magic; None when it needs no word."""
    if edits.replaced(cell.index, cell.line_span(magic.line, magic.line)):
        return None
    first = magic.text.splitlines()[0]
    place = cell.index, magic.line
    if magic.kind == "help":
        return Finding("kept", "magic", *place, first[:SHOWN], "it shows help, and does nothing in a step")
    for rule in RULES:
        match = rule.pattern.match(first)
        if match and not rule.reason:
            return None
        if match:
            caught = match.group(1) if match.lastindex else ""
            reason, remedy = rule.reason.format(caught), rule.remedy.format(caught)
            return Finding(rule.outcome, "magic", *place, first[:SHOWN], reason, remedy)
    name = re.search(r"%+(\w+)", magic.text)
    if name is None or name.group(1) in HARMLESS:
        return None
    reason, remedy = "this magic needs its extension or a person", "replace it by Python"
    return Finding("refused", "magic", *place, first[:SHOWN], reason, remedy)
