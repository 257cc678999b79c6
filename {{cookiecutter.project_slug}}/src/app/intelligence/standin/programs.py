"""Programs and database queries, where a prompt wants one written: the smallest that runs, under the names it is told.

Nothing is solved: a function hands its first argument back, a program prints what was asked, a query reads the table
that the question is about.
"""

from __future__ import annotations

import json
import re
from html import escape
from keyword import iskeyword

from app.intelligence.standin.reading import Reading
from app.intelligence.standin.similarity import cosine, features, name_words, rarity

_WRITE = (
    r"(?:write|generate|create|produce|return|output|provide|give|respond|reply|answer|implement|complete|convert"
    r"|translate|build|make|draft|construct|refactor|rewrite|fix|suggest)"
)
_LANGUAGE = (
    r"(?:python\d?|javascript|typescript|java|bash|shell|html|css|c\+\+|c#|golang|go|rust|ruby|php|kotlin|swift)"
)
# The word alone stands for much else: a film's script, a training programme, an error's code.
PROGRAM = re.compile(
    rf"\b{_WRITE}\b(?:\s+[^\s.]+){{0,6}}?\s+(?:{_LANGUAGE}\s+(?:\w+\s+)?(?:code|script|function|program"
    rf"|snippet|class|module)"
    r"|(?<!error )(?<!country )(?<!zip )(?<!postal )(?<!source )(?<!status )(?<!promo )(?<!discount )(?<!qr )"
    r"code\b(?!\s+(?:of|review|name|number|is)\b)|(?:an?|the)\s+(?:\w+\s+)?function\s+(?:that|to|which|called"
    r"|named|for)\b)",
    re.IGNORECASE,
)
LANGUAGE = re.compile(rf"(?<![\w/.])(?P<language>{_LANGUAGE})(?![\w.])", re.IGNORECASE)
FENCE = re.compile(r"```[ \t]*(?P<language>[A-Za-z+#]{1,12})\b")
UNFENCED = re.compile(
    r"\b(?:no|not|without|don't|never|avoid|omit|exclude)\b[^.\n]{0,60}"
    r"(?:\b(?:markdown|backticks?|fences?|code blocks?|formatting)\b|```)",
    re.IGNORECASE,
)
NAMED = re.compile(r"\b(?:function|method)s?\s+(?:[`'\"](?P<quoted>[A-Za-z_]\w*)|(?P<name>[a-z]\w*_\w+))")
CALLED = re.compile(r"\b(?:function|method)\s+(?:called|named)\s+[`'\"]?(?P<name>[A-Za-z_]\w*)", re.IGNORECASE)
SIGNATURE = re.compile(r"^\s*(?:async\s+)?def\s+(?P<name>[A-Za-z_]\w*)\s*\(", re.MULTILINE)
VARIABLE = re.compile(r"\bvariable\s+(?:called|named)?\s*[`'\"]?(?P<name>[A-Za-z_]\w*)[`'\"]?", re.IGNORECASE)
NOT_NAMES = {"called", "named", "name", "that", "which", "to", "for", "and", "with", "is", "in", "of"}

DIALECT = r"(?:SQL|SQLite|T-SQL|MySQL|PostgreSQL|Postgres|BigQuery|MS ?SQL|SQL Server|Snowflake|DuckDB|Oracle)"
QUERY = re.compile(
    rf"\b{_WRITE}\b[^.\n]{{0,100}}\b{DIALECT}\b|\b{DIALECT}(?:lite)?\s+(?:query|queries|statement)\b"
    rf"[^.\n]{{0,60}}\b(?:only|alone)\b"
    r"|\bSQL\s?Query\s*:\s*\Z|\btext[- ]to[- ]SQL\b|\b(?:natural language|question)s?\b[^.\n]{0,40}\b"
    r"(?:in)?to\b[^.\n]{0,20}\bSQL\b",
    re.IGNORECASE,
)
FENCED_QUERY = re.compile(r"```[ \t]*sql|\b(?:code|markdown) block|\bfenced\b|\bbackticks\b", re.IGNORECASE)
UNLIMITED = re.compile(r"\b(?:T-SQL|MS ?SQL|mssql|SQL Server|Oracle)\b", re.IGNORECASE)
COUNTED = re.compile(r"\b(?:how many|number of|count)\b", re.IGNORECASE)
TABLES = (
    re.compile(
        r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[`\"\[]?(?P<name>[\w.]+)[`\"\]]?\s*"
        r"(?P<columns>\([^;]{0,2000})?", re.I),
    re.compile(
        r"\btable\s+(?:is\s+)?(?:called|named)\s*[`'\"]?(?P<name>[A-Za-z_][\w.]*)"
        r"(?P<columns>[^\n]{0,400})", re.I),
    re.compile(r"\btables?(?:\s+name)?\s*[:=]\s*[`'\"]?(?P<name>[A-Za-z_][\w.]*)(?P<columns>[^\n]{0,400})", re.I),
    re.compile(r"\btable\s+[`'\"]?(?P<name>[A-Za-z_][\w.]*)[`'\"]?\s*(?P<columns>[(:,][^\n]{0,400})", re.I),
)  # fmt: skip
MOST_TABLES = 200
LONGEST_SAID = 200

# Arguments and fields that hold a program; `code` alone may be a country's or an order's.
CODE_NAMES = {"code", "python_code", "source_code", "code_snippet", "code_block", "python"}
MARKDOWN_TABLE = re.compile(r"\bmarkdown\b[^.]{0,60}\btables?\b|\btables?\b[^.]{0,40}\bin markdown\b", re.I)
ABOUT_CODE = re.compile(
    r"\bpython\b|\bcode\b[^.]{0,40}\b(?:execute|run|block|snippet|solution|to)\b|\b(?:execute|run)\b", re.I
)


def as_program(told: str, question: Reading) -> str | None:
    """A program or a query, fenced as models fence it; None for a prompt that wants neither."""
    if QUERY.search(told):
        query = query_for(told, question.subject)
        return f"```sql\n{query}\n```" if FENCED_QUERY.search(told) and not UNFENCED.search(told) else query
    if not PROGRAM.search(told):
        return None
    fence, named = FENCE.search(told), LANGUAGE.search(told)
    language = (fence or named or {"language": "python"})["language"].lower().rstrip("3")
    program = _program(language, told, question)
    return program if UNFENCED.search(told) else f"```{language}\n{program}\n```"


def in_a_field(name: str, description: str, question: Reading) -> str | None:
    """What a field or an argument holds that is called after a query or a program, or described as a table in Markdown;
    None for any other."""
    words = set(name_words(name))
    if not question.subject.strip():
        return None
    if "sql" in words or ("query" in words and re.search(rf"\b{DIALECT}\b", description)):
        return query_for(question.instructions, question.subject)
    if name.lower() in CODE_NAMES and (name.lower() != "code" or ABOUT_CODE.search(description)):
        return f"print({_quoted(question.subject)})"
    if MARKDOWN_TABLE.search(description):
        said = " ".join(question.subject.replace("|", " ").split())[:LONGEST_SAID]
        return f"| item | value |\n| --- | --- |\n| {said} | 1 |"
    if name.lower() == "imports":
        return "import math"
    return None


def query_for(told: str, subject: str) -> str:
    """A query on the table that the subject is about, of those a text describes: it counts or shows rows.

    `SELECT 1` where no table is told.
    """
    tables: dict[str, str] = {}
    for pattern in TABLES:
        for found in pattern.finditer(told):
            if len(tables) < MOST_TABLES and found["name"].casefold() not in NOT_NAMES:
                tables.setdefault(found["name"], found["columns"] or "")
        if tables:
            break
    if not tables:
        return "SELECT 1"
    described = {name: features(f"{name.replace('_', ' ')} {columns}") for name, columns in tables.items()}
    asked, idf = features(subject), rarity(described.values())
    name = max(described, key=lambda one: cosine(asked, described[one], idf))
    if COUNTED.search(subject):
        return f"SELECT COUNT(*) FROM {name}"  # noqa: S608  a text to be read, not run here
    return f"SELECT * FROM {name}{'' if UNLIMITED.search(told) else ' LIMIT 5'}"  # noqa: S608


def _program(language: str, told: str, question: Reading) -> str:
    said = _quoted(question.subject)
    if language in ("python", "py"):
        return _python(told, said)
    if language in ("html", "css"):
        return f"<!DOCTYPE html>\n<html>\n<body>\n<p>{escape(_beginning(question.subject))}</p>\n</body>\n</html>"
    if language in ("bash", "shell", "sh"):
        return "echo " + said.replace("$", "").replace("`", "")
    if language in ("javascript", "js", "typescript", "ts"):
        return f"console.log({said});"
    return f"// {_beginning(question.subject)}"


def _quoted(text: str) -> str:
    """The beginning of a text on one line, in quotes that Python and JavaScript read alike."""
    return json.dumps(_beginning(text), ensure_ascii=False)


def _beginning(text: str) -> str:
    return " ".join(text.split())[:LONGEST_SAID]


def _python(told: str, said: str) -> str:
    names = [found["name"] for rule in (SIGNATURE, CALLED) for found in rule.finditer(told)]
    names += [found["quoted"] or found["name"] for found in NAMED.finditer(told)]
    functions = list(dict.fromkeys(filter(_is_name, names)))
    lines = [
        f'def {name}(*args, **kwargs):\n    """It hands its first argument back."""\n'
        "    return args[0] if args else next(iter(kwargs.values()), None)\n"
        for name in functions
    ]
    kept = dict.fromkeys(found["name"] for found in VARIABLE.finditer(told))
    lines += [f"{name} = {said}" for name in kept if _is_name(name)]
    return "\n".join([*lines, f"print({said})"])


def _is_name(word: str) -> bool:
    return word.casefold() not in NOT_NAMES and not iskeyword(word)
