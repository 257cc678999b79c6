"""hardcoded_prompt: texts that are sent to a model live in prompts/, not in code."""

from __future__ import annotations

from collections.abc import Iterator

from tools.prompt_lint.assessment import Prompt
from tools.prompt_lint.findings import Finding, Severity
from tools.prompt_lint.rules.rule import Case, Reading


class HardcodedPrompt:
    """
    Before:

        client.chat.completions.create(
            model=model,
            messages=[{"role": "system", "content": "You are a support agent. Answer from the context only."}],
        )

    After, with the text in `prompts/answer/v1.prompt.yml`:

        client.chat.completions.create(
            model=model,
            messages=[{"role": "system", "content": prompt("answer", question=question)}],
        )

    A prompt in a file has a version, a review, declared inputs, an evaluation and a way back; a prompt in code has none
    of them. An error for what deserves a file: system prompts, texts of 120 characters or more, texts with values put
    in,
    few-shot examples. Information for a short question, which is a parameter or an input of a test.
    """

    id = "hardcoded_prompt"
    severity: Severity = "error"

    def check(self, reading: Reading) -> Iterator[Finding]:
        """One finding for each prompt, at the span of its own text."""
        for prompt in reading.prompts:
            text = prompt.text
            yield Finding(
                reading.source.path,
                text.cell,
                text.line,
                text.end_line,
                self.id,
                prompt.severity,
                _message(prompt, reading.source.is_notebook),
                (text.statement[0], max(text.statement[1], text.end_line)),
                text.literal,
            )

    must_fire = (
        Case(
            "a system prompt in the call",
            {
                "a.py": "client.chat.completions.create(model=m, messages=[{'role': 'system', 'content': 'You label "
                "tickets.'}])\n"
            },
            "error",
        ),
        Case(
            "a constant of another cell",
            {
                "a.ipynb": [
                    "RULES = 'Answer in one word.'",
                    "import anthropic",
                    "client.messages.create(model=m, system=RULES)",
                ]
            },
            "error",
        ),
        Case(
            "a value put in with an f-string",
            {
                "a.py": "from google import genai\nclient.models.generate_content(model=m, contents=f'Label this: "
                "{ticket}')\n"
            },
            "error",
        ),
        Case(
            "a template of a framework",
            {
                "a.ipynb": [
                    "from langchain_core.prompts import ChatPromptTemplate",
                    "p = ChatPromptTemplate.from_messages([('system', 'You label tickets.'), ('human', '{ticket}')])",
                ]
            },
            "error",
        ),
        Case(
            "`.format` far from the text",
            {
                "a.py": "import openai\nTEXT = 'Label: {t}'\n\ndef label(t):\n    q = TEXT.format(t=t)\n"
                "    return client.responses.create(model=m, input=q)\n"
            },
            "error",
        ),
        Case(
            "lines joined",
            {
                "a.py": "import openai\nq = '\\n'.join(['Label the ticket.', 'Use one word.', ticket])\n"
                "client.responses.create(model=m, input=q)\n"
            },
            "error",
        ),
        Case(
            "an argument of one's own function",
            {
                "a.ipynb": [
                    "import openai\ndef ask(text, role):\n    ms = [{'role': 'system', 'content': role}]\n"
                    "    return openai.chat.completions.create(messages=ms)",
                    "ask(ticket, 'Be brief and polite to everybody.')",
                ]
            },
            "error",
        ),
        Case(
            "an attribute of a class",
            {
                "a.py": "import anthropic\n\nclass Desk:\n    rules = 'Label each ticket with one word.'\n\n"
                "    def run(self, t):\n        return self.client.messages.create(system=self.rules, messages=t)\n"
            },
            "error",
        ),
        Case(
            "few-shot examples",
            {
                "a.ipynb": [
                    "from langchain.prompts import FewShotPromptTemplate",
                    "e = [{'q': 'It crashes', 'a': 'technical'}, {'q': 'Refund me', 'a': 'billing'}]",
                    "p = FewShotPromptTemplate(examples=e, example_prompt=x, suffix='{q}')",
                ]
            },
            "error",
        ),
        Case(
            "an agent's instructions",
            {
                "a.py": "from agents import Agent\ndesk = Agent(name='desk', instructions='Route the ticket to a "
                "team.')\n"
            },
            "error",
        ),
        Case(
            "a prompt that is only named one",
            {
                "a.py": "SYSTEM_PROMPT = '''You are a support agent of an invoicing company.\n"
                "Answer only from the given context.'''\n"
            },
            "error",
        ),
        Case(
            "German",
            {
                "a.py": "ROLLE = 'Du bist ein hilfreicher Assistent. Beantworte die Frage nur anhand "
                "des folgenden Kontextes: {k}. Wenn du es nicht weisst, sage das.'\n"
            },
            "error",
        ),
        Case(
            "Chinese",
            {"a.ipynb": ["import openai", "text = '你是一名客服助手。请根据以下上下文回答问题，不要编造内容。'"]},
            "error",
        ),
        Case(
            "a short question",
            {"a.ipynb": ["import openai", "client.responses.create(model=m, input='How do refunds work?')"]},
            "info",
        ),
    )
    must_not_fire = (
        Case(
            "a prompt from the registry",
            {"a.py": "import openai\nclient.responses.create(model=m, input=prompt('label', ticket=ticket))\n"},
        ),
        Case(
            "a docstring",
            {"a.py": 'import openai\n\ndef answer():\n    """You are a helpful assistant, says the prompt."""\n'},
        ),
        Case(
            "an exception",
            {"a.py": "raise ValueError(f'You are a guest here: {name} must answer the question first')\n"},
        ),
        Case(
            "a log line",
            {"a.py": "import openai\nlogger.info('Your task is finished, answer the question below: %s', q)\n"},
        ),
        Case(
            "a help text",
            {
                "a.py": "parser.add_argument('--prompt', help='The system prompt. You are free to write what you "
                "want.')\n"
            },
        ),
        Case(
            "a description of a tool",
            {
                "a.py": "import openai\ntool = {'name': 'f', 'description': 'Use this to answer the question of the "
                "user'}\n"
            },
        ),
        Case(
            "a question at a terminal",
            {"a.py": "prompt = 'Do you want to overwrite the following file? [y/N]'\nanswer = input(prompt)\n"},
        ),
        Case(
            "SQL",
            {"a.py": "import openai\nprompt_query = 'SELECT id, prompt FROM prompts WHERE task = %s ORDER BY id'\n"},
        ),
        Case(
            "HTML",
            {"a.py": "import openai\ntemplate = '<div>You are a member. Your task is here: {task}</div>'\n"},
        ),
        Case(
            "a search that asks no model",
            {"a.ipynb": ["import langchain", "hits = retriever.invoke('how do refunds work?')"]},
        ),
        Case("a mail", {"a.py": "import smtplib\nserver.send_message('Dear customer, thank you for your order.')\n"}),
        Case(
            "a model's name",
            {"a.py": "import openai\nclient.chat.completions.create(model='small', messages=history)\n"},
        ),
    )


def _message(prompt: Prompt, notebook: bool) -> str:
    size = len(prompt.text.literal)
    if prompt.severity == "info":
        what = f"{prompt.kind} written {prompt.how} ({size} characters): "
        return what + (
            "make it a parameter of the notebook" if notebook else "make it an argument or an input of a test"
        )
    remedy = "move it to prompts/<task>/v1.prompt.yml"
    if notebook:
        remedy += ", or run `python -m tools.promote NOTEBOOK`"
    return f"{prompt.kind} hardcoded {prompt.how} ({size} characters): {remedy}"
