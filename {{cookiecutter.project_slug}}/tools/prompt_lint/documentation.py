"""Writes docs/reference/prompt-lint.md from the rules' own docstrings and cases, so that it cannot be wrong about
them."""

from __future__ import annotations

import inspect

from tools.prompt_lint.catalogue import RULES
from tools.prompt_lint.rules.rule import Case, Rule

_HEAD = """\
# prompt-lint

Finds prompts, provider clients and model ids in `.py` and `.ipynb` files, and broken prompt files. Standard library
only:
it runs in any repository, baked from this template or not. Generated from the rules; do not edit:
`python -m tools.prompt_lint --docs > docs/reference/prompt-lint.md`.

```
python -m tools.prompt_lint [--format text|json|github|sarif] [--jobs N]
                            [--baseline FILE | --write-baseline FILE] [--fix] [PATHS]
```

Without paths it checks the working directory, except virtual environments, `node_modules`, `build`, `dist`, caches,
checkpoints and `.git`. It exits with 0 when nothing is an error, 1 when something is, 2 when it was asked wrongly (no
such
path, unreadable configuration). Notebooks in another language are skipped with a note; what cannot be parsed is the
warning `unparsable`, and the rest of the file is still checked.

`--format json` writes one object a line with `path`, `cell`, `line`, `end_line`, `rule`, `severity`, `message`. `cell`
is
the index over all cells of a notebook from 0, and null elsewhere; lines count from 1, in a notebook within the cell.

## Leaving something in code

```python
SYSTEM = "You are a parrot."  # prompt-lint: allow hardcoded_prompt -- the demonstration needs no registry
```

The comment stands on a line of the finding, alone on the line before it or before its statement, or at the end of the
statement. It names the rules, separated by commas. Without a reason it is an error itself (`suppression`); when there
is
nothing to allow it is a warning (`unused_suppression`).

An old repository starts with `--write-baseline prompt-lint.json` and from then on runs with `--baseline
prompt-lint.json`:
only what is new counts. A finding is recognised by its rule, file and text, not by its line.

## Lifting prompts

`--fix` moves the prompts that are errors out of `.py` files: each becomes `prompts/<task>/v1.prompt.yml` with its
release and lock, and a call of `prompt("<task>", input=...)` stands in its place. Values that an f-string, a sum, a
`join` or `.format` puts in become declared inputs. The text that is sent is the same as before, and the rest of the
file is the same byte for byte; all files of a run are written, or none. What cannot be lifted gets a line with the
reason:

- few-shot examples, docstrings that a framework reads, a text inside another f-string;
- in `src/app`, what is evaluated at import, and everything in the layers below orchestration;
- a file that does not parse completely or is not UTF-8.

A notebook is promoted, not fixed: the command to run is printed. `--fix` needs a project with `prompts/` and the
template's tools; anywhere else it says what is missing, writes nothing and exits with 2.

## In another repository

The linter needs nothing but Python: put this repository into `.pre-commit-config.yaml`, or set `PYTHONPATH` to the
folder that holds `tools/` and run `python -m tools.prompt_lint`.

```yaml
repos:
  - repo: <address of the template's repository>
    rev: <a tag of it>
    hooks:
      - id: no-hardcoded-prompts
        args: [--baseline, prompt-lint.json]   # when the repository starts with old findings
```

## Configuration

```toml
[tool.prompt_lint]
exclude = ["notebooks/explore"]      # folders and globs that are never read, also when named on the command line
ignore = ["hardcoded_model_id"]      # rules that are off
descriptions = true                  # report descriptions of tools and fields too, as information

[tool.prompt_lint.allow]             # rules that are off for some paths
provider_sdk_outside_gateway = ["tests"]
```

## How accurate, how fast

Measured on 60 notebooks and 40 modules of public LLM applications, chosen at random and labelled by hand before the
linter was run on them: 1,235 texts of 30 characters and more, by one reader, who also wrote the rules. Of the reported
files four had no label; three of them did hold a prompt or a question when looked at again.

| | |
| --- | --- |
| files with a prompt or a question that are found | 65 of 67 |
| reported files that hold one | 68 of 69, by the labels alone 65 |
| prompts found | 217 of 223 |
| prompts and questions found | 367 of 387 |
| findings in ordinary Python | 0.004 in 1,000 lines, of 9.9 million lines |
| other languages, one sentence each from 51 in 17 languages | all when sent, 50 named or beside a model, 39 alone |

Ordinary Python is the standard library, a virtual environment of 12,000 files without the SDKs and frameworks of LLMs,
and nine applications and libraries, from Django to Home Assistant. Most of what is found there is code for a model.

In one process it takes 0.9 to 1.0 times as long as parsing the same files and walking their trees once, where most
files are put aside after a look at their bytes, and 1.3 to 1.5 times where each has to be read (up to 1.7 was seen with
ten processes waiting for two processors); `make bench-lint` measures.

## Rules
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "\n" + "\n".join(_section(rule) for rule in RULES)


def _section(rule: Rule) -> str:
    said = inspect.cleandoc(type(rule).__doc__ or "")
    lines = [f"### {rule.id}", "", f"Severity: {rule.severity}.", "", said, ""]
    lines += ["Reported, for example:", "", *(_case(c) for c in rule.must_fire)]
    lines += ["Not reported:", "", *(_case(c) for c in rule.must_not_fire)]
    return "\n".join(lines)


def _case(case: Case) -> str:
    blocks = []
    for name, content in case.files.items():
        if isinstance(content, str):
            blocks.append(_block(name, content))
        else:
            blocks += [_block(f"{name}, cell {index}", code) for index, code in enumerate(content)]
    severity = f" ({case.severity})" if case.severity else ""
    return f"- {case.title}{severity}\n\n" + "\n".join(blocks)


def _block(name: str, content: str) -> str:
    language = "python" if ".py" in name or ".ipynb" in name else "yaml" if name.endswith((".yml", ".yaml")) else "text"
    body = "\n".join(f"  {line}" if line else "" for line in content.rstrip("\n").split("\n"))
    return f"  `{name}`\n\n  ```{language}\n{body}\n  ```\n"
