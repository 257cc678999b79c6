"""The stand-in writes programs and queries that run, where a prompt wants one written."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest

from app.intelligence.messages import Message, ModelRequest, Tool
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts

SCHEMA = "CREATE TABLE customers (id INTEGER, city TEXT);\nCREATE TABLE orders (id INTEGER, total REAL);"
ORDERS = "SELECT * FROM orders LIMIT 5"
LANGCHAIN_S = f"""Given an input question, create a syntactically correct sqlite query to run.
Only use the following tables:
{SCHEMA}

Use the following format:

Question: Question here
SQLQuery: SQL Query to run
SQLResult: Result of the SQLQuery
Answer: Final answer here

Question: How many orders are there?
SQLQuery:"""


async def said(*messages: tuple[str, str], **more: Any) -> str:
    request = ModelRequest("m", tuple(Message(role, text) for role, text in messages), **more)  # type: ignore[arg-type]
    return (await OfflineProvider().complete(request, Timeouts())).text


def in_fence(text: str) -> str:
    found = re.fullmatch(r"```python\n(.*)\n```", text, re.DOTALL)
    assert found, text
    return found[1]


@pytest.mark.feature("N2")
async def test_a_function_has_the_name_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """It takes any arguments, and the program runs."""
    names: dict[str, Any] = {}
    exec(in_fence(await said(("user", "Write a Python function called add_up that adds two numbers."))), names)

    assert names["add_up"](3, 4) == 3
    assert names["add_up"](left=5) == 5
    assert "add_up" in capsys.readouterr().out


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("prompt", "begins"),
    [
        ("Write Python code that sorts a list. Do not use markdown or backticks.", 'print("Write Python code'),
        ("Create a bash script that lists files.", "```bash\necho "),
        ("Generate JavaScript code to sort a list", "```javascript\nconsole.log("),
        ("Write the HTML code of a page about terns", "```html\n<!DOCTYPE html>"),
    ],
)
async def test_a_program_is_in_the_language_that_is_told(prompt: str, begins: str) -> None:
    """Fenced as models fence it, unless the prompt forbids that."""
    assert (await said(("user", prompt))).startswith(begins)


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    "prompt",
    [
        "Write a script for a film about the sea.",
        "Return the error code of this message: E-17.",
        "Describe the function of the liver.",
    ],
)
async def test_what_only_sounds_like_a_program_is_none(prompt: str) -> None:
    """A film's script, an error's code and an organ's function."""
    assert "print(" not in await said(("user", prompt))


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("messages", "query"),
    [
        ([("user", LANGCHAIN_S)], "SELECT COUNT(*) FROM orders"),
        ([("system", f"Write SQL:\n{SCHEMA}"), ("user", "Show all customers")], "SELECT * FROM customers LIMIT 5"),
        ([("user", f"Return a T-SQL query. {SCHEMA}\n\nQuestion: show the orders")], "SELECT * FROM orders"),
        ([("user", f"Return SQL in a code block. {SCHEMA}\n\nQuestion: show orders")], f"```sql\n{ORDERS}\n```"),
        ([("user", "Write a SQL query that finds the best customers")], "SELECT 1"),
    ],
    ids=["a question in fields", "a system message", "a dialect without LIMIT", "fenced", "no table"],
)  # fmt: skip
async def test_a_query_reads_the_table_that_is_meant(messages: list[tuple[str, str]], query: str) -> None:
    """Of the tables that the prompt describes."""
    assert await said(*messages, stop=("\nSQLResult:",)) == query


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("name", "description", "question", "given"),
    [
        ("query", "A SQL query", f"How many orders are there? {SCHEMA}", '{"query": "SELECT COUNT(*) FROM orders"}'),
        ("code", "Python code to execute", "Compute a sum", '{"code": "print(\\"Compute a sum\\")"}'),
        ("due_date", "", "What is due on March 5th, 2027?", '{"due_date": "2027-03-05"}'),
        ("day", "", "What is due on 5 March 2027?", '{"day": "2027-03-05"}'),
        ("rows", "A Markdown table", "Show it", '{"rows": "| item | value |\\n| --- | --- |\\n| Show it | 1 |"}'),
        ("file_path", "", "Read the file notes/today.txt please", '{"file_path": "notes/today.txt"}'),
    ],
)  # fmt: skip
async def test_arguments_that_are_run_or_opened(name: str, description: str, question: str, given: str) -> None:
    """A query for a database, a program for an interpreter, a date, a table, the name of a file."""
    parameters = {"type": "object", "properties": {name: {"type": "string", "description": description}}}
    tool = Tool("use", "", {**parameters, "required": [name]})
    request = ModelRequest("m", (Message("user", question),), tools=(tool,), tool_choice="required")
    [call] = (await OfflineProvider().complete(request, Timeouts())).tool_calls

    assert call.arguments == given


@pytest.mark.feature("N2")
async def test_the_queries_run() -> None:
    """In SQLite, which has the tables that the prompt told."""
    with sqlite3.connect(":memory:") as database:
        database.executescript(SCHEMA)
        assert database.execute(await said(("user", LANGCHAIN_S))).fetchall() == [(0,)]
