"""The rule of `make bench-notebooks` for notebooks that need a key, their packages, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.self_contained import why_not
from tests.tools.notebooks.projects import make_project, promote_cells

CLIENT = "from openai import OpenAI\nclient = OpenAI()"
ASKS = "print(client.chat.completions.create(model='gpt-4o', messages=[]))"


@pytest.mark.parametrize(
    "cell",
    [
        "# data: https://example.com/a.csv, read by requests.get(...)\nprint(1)",
        "note = 'no Tavily, no datasets, no open() here'",
        "with open('out.txt', 'w') as f:\n    f.write('x')\nprint(open('out.txt').read())",
        "import os\nos.environ['LANGCHAIN_PROJECT'] = 'x'\nprint(os.environ['LANGCHAIN_PROJECT'])",
        "import os\nprint(os.environ['AZURE_OPENAI_ENDPOINT'])",
        "import requests\nprint(requests.get('http://localhost:8000/health'))",
        "picture = {'type': 'image_url', 'image_url': {'url': 'https://example.com/cat.png'}}",
        "%pip install -q openai",
        "topic = input('Which topic? ')",
        "def ask_input(question): return question\nprint(ask_input('x'))",
        "from langchain.prompts import PromptTemplate\nprint(PromptTemplate.from_template('x'))",
    ],
)
def test_what_needs_a_key_alone_counts(cell: str, tmp_path: Path) -> None:
    """Comments, files of its own, variables it sets and imports that have moved do not speak against it."""
    assert why_not(promote_cells(make_project(tmp_path), CLIENT, cell, ASKS).promotion) == ""


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("import requests\nprint(requests.get('https://example.com'))", "network: requests.get"),
        ("import boto3\ns3 = boto3.client('s3')", "network: boto3.client"),
        ("print(open('data.txt').read())", "file: open('data.txt')"),
        ("print(open(file='data.txt').read())", "file: open(file='data.txt')"),
        (
            "print(open('data.txt').read())\nwith open('data.txt', 'w') as f:\n    f.write('x')",
            "file: open('data.txt')",
        ),
        ("config = {'tools': [{'google_search': {}}]}", "at the provider: google_search"),
        ("import pandas as pd\ndf = pd.read_csv('rows.csv')", "file: pd.read_csv('rows.csv')"),
        ("url = 'https://example.com/rows.csv'", "data: https://example.com/rows.csv"),
        ("import os\nprint(os.environ['DATABASE'])", "setting: DATABASE"),
        ("!wget https://example.com/x", "shell: !wget"),
        ("tool = {'type': 'web_search_preview'}", "at the provider: web_search_preview"),
        (
            "class WebBaseLoader: pass\nWebBaseLoader()",
            "reaches: WebBaseLoader",
        ),
        ("import json\njson.VideoLoader.from_address('x')", "reaches: from_address"),
        ("import xml.etree.ElementTree as ET\ntree = ET.parse('tasks.xml')", "file: ET.parse('tasks.xml')"),
        ("!gcloud config get-value project", "shell: !gcloud"),
        ("def ask():\n    return input('Which? ')\nprint(ask())", "refused: input"),
        ("import no_such_package", "not installed: no_such_package"),
        ("import config", "not installed: config"),
    ],
)
def test_what_reaches_out_does_not(cell: str, says: str, tmp_path: Path) -> None:
    """With a word on why."""
    assert why_not(promote_cells(make_project(tmp_path), CLIENT, cell, ASKS).promotion).startswith(says)


def test_others_are_named(tmp_path: Path) -> None:
    """Too many cells, no client, and what promote refuses."""
    project = make_project(tmp_path)
    assert why_not(promote_cells(project, CLIENT, *["x = 1"] * 40).promotion) == "large"
    assert why_not(promote_cells(project, "x = 1").promotion) == "no client"
    refused = why_not(promote_cells(project, CLIENT, "client.fine_tuning.jobs.create(model='x')").promotion)
    assert refused.startswith("refused: client.fine_tuning")
