"""What becomes of prompts, few-shot examples and descriptions: lifted, or named in the report with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.tools.notebooks.projects import Promoted, make_project, promote_cells
from tools.promote.notebook.outcome import Finding, Refused
from tools.promote.notebook.words import task_name
from tools.promote.write import write_all
from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.inspection import inspect

TOOL = (
    "from langchain_core.tools import tool\n@tool\ndef search(query: str) -> str:\n"
    '    """Search the web for a query."""\n    return query\n'
    'schema = {"name": "weather", "description": "The weather of a city", "parameters": {}}\n'
    'search.description = "Find things on the web"\nprint(schema)'
)


def _kept(promoted: Promoted, subject: str) -> list[Finding]:
    return [f for f in promoted.promotion.report.findings if f.outcome == "kept" and f.subject == subject]


def _lifting(project: Path, choice: str) -> Path:
    (project / "pyproject.toml").write_text(f"[project]\nname = 'x'\n[tool.promote]\ntool_descriptions = {choice}\n")
    return project


@pytest.mark.feature("N1")
def test_examples_are_one_file_that_holds_them_as_data(tmp_path: Path) -> None:
    """The file's content is JSON; the same examples in two places are one file."""
    cell = (
        'few_shot = [{"q": "a?", "a": "1"}, {"q": "b?", "a": "2"}]\nprint(few_shot)\n'
        'def again():\n    few_shot = [{"q": "a?", "a": "1"}, {"q": "b?", "a": "2"}]\n    return few_shot'
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    files = [name for name in promoted.files if name.endswith(".prompt.yml")]
    assert files == ["prompts/poc_few_shot/v1.prompt.yml"]
    content = yaml.safe_load(promoted.files[files[0]])["messages"][0]["content"]
    assert json.loads(content) == [{"q": "a?", "a": "1"}, {"q": "b?", "a": "2"}]
    assert "\n".join(promoted.code).count('prompt_data("poc_few_shot")') == 2


def test_a_notebook_s_own_prompt_data_keeps_its_name(tmp_path: Path) -> None:
    """The look-up gets another name."""
    promoted = promote_cells(
        make_project(tmp_path), 'prompt_data = 3\nfew_shot = ["a text", "b text"]\nprint(few_shot)'
    )
    assert "from app.orchestration.notebook import prompt_data as registry_prompt_data" in "\n".join(promoted.code)
    assert 'few_shot = registry_prompt_data("poc_few_shot")' in promoted.code[-1]


def test_data_that_no_prompt_shows_stays(tmp_path: Path) -> None:
    """Cases of a test are printed, not shown to a model: they are data, or parameters."""
    promoted = promote_cells(make_project(tmp_path), 'examples = ["one text", "two"]\nfor e in examples:\n    print(e)')
    assert promoted.promotion.report.prompts == []


def test_examples_that_hold_code_are_reported(tmp_path: Path) -> None:
    """They cannot become data: place, reason and remedy."""
    promoted = promote_cells(make_project(tmp_path), "few_shot = [make('a'), make('b')]\nprint(few_shot)")
    (finding,) = _kept(promoted, "prompt")
    assert (finding.place, finding.reason) == ("0:1", "they hold code, which no prompt file can")
    assert finding.remedy


SIGNATURE = '''import dspy
class Answer(dspy.Signature):
    """Answer the questions of our customers.

    Never invent a number.
    """

    question = dspy.InputField()
    answer = dspy.OutputField(desc="between 1 and 5 words")
mood = dspy.Signature("text -> label", "Judge the mood of what a customer wrote.")
print(Answer, mood)'''


@pytest.mark.feature("N1")
def test_what_a_signature_tells_the_model_is_lifted(tmp_path: Path) -> None:
    """A docstring gives way to `__doc__`, word for word; the text beside fields too; descriptions stay."""
    promoted = promote_cells(make_project(tmp_path), SIGNATURE)

    code = "\n".join(promoted.code)
    assert 'class Answer(dspy.Signature):\n    __doc__ = prompt("poc_answer_system")\n' in code
    assert 'dspy.Signature("text -> label", prompt("poc_mood_system"))' in code
    text = yaml.safe_load(promoted.files["prompts/poc_answer_system/v1.prompt.yml"])["messages"][0]["content"]
    assert text == "Answer the questions of our customers.\n\n    Never invent a number.\n    "
    assert [f.line for f in _kept(promoted, "description")] == [9]


@pytest.mark.feature("N1")
def test_prompts_and_clients_of_a_written_module_are_reported(tmp_path: Path) -> None:
    """The file is written as it is: its prompt is named by the cell's own line, its client reads the environment."""
    module = (
        "%%writefile agent.py\nimport openai\n\n"
        'SYSTEM_PROMPT = "You are a careful assistant who answers questions about refunds and never invents."\n'
        "client = openai.OpenAI()"
    )
    promoted = promote_cells(make_project(tmp_path), module, "import agent\nprint(agent.client)")

    (found,) = _kept(promoted, "prompt")
    assert (found.cell, found.line) == (0, 4)
    assert "--fix agent.py" in found.remedy
    assert module in promoted.code
    assert any("use_door_environment()" in cell for cell in promoted.code)


@pytest.mark.feature("N1")
def test_descriptions_are_reported_and_stay_by_default(tmp_path: Path) -> None:
    """Schema, attribute and docstring of a tool: each has a line, what it is of, and how to change that."""
    promoted = promote_cells(make_project(tmp_path), TOOL)
    found = {(f.line, f.what) for f in _kept(promoted, "description")}
    assert found == {
        (4, "description of search stays in the notebook"),
        (6, "description of weather stays in the notebook"),
        (7, "description of search stays in the notebook"),
    }
    assert all(f.remedy for f in _kept(promoted, "description"))
    assert promoted.promotion.report.prompts == []


def test_descriptions_are_lifted_when_the_project_says_so(tmp_path: Path) -> None:
    """All but docstrings, which cannot give way to a call, under the name of their tool."""
    promoted = promote_cells(_lifting(make_project(tmp_path), '"lift"'), TOOL)
    assert {p.task for p in promoted.promotion.report.prompts} == {"poc_weather_description", "poc_search_description"}
    assert 'search.description = prompt("poc_search_description")' in "\n".join(promoted.code)
    assert [f.line for f in _kept(promoted, "description")] == [4]


@pytest.mark.parametrize("choice", ['"lifted"', "true", '"lift"\nother = 1'])
def test_an_unknown_choice_is_refused(choice: str, tmp_path: Path) -> None:
    """A misspelt key or word cannot pass for a choice."""
    with pytest.raises(Refused, match=r'\[tool.promote\].*known is tool_descriptions = "report" or "lift"'):
        promote_cells(_lifting(make_project(tmp_path), choice), TOOL)


@pytest.mark.feature("N1")
@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    ("code", "names"),
    [
        (
            'rules = registry.put("You are a helpful assistant. Answer the question using only the context below, '
            'and say that you do not know when it is not there.")\nprint("You are an expert: choose what to do next, '
            'and answer the question only with the words that you see in the context below.")',
            ["poc_rules_system"],
        ),
        (
            "class Crew:\n    def _build_auditor_prompt(self, output):\n"
            '        return f"You are an auditor. Check the decision below.\\n{output}\\nAnswer with JSON only."',
            ["poc_build_auditor_prompt_system"],
        ),
        (
            "def ask(task, kind):\n    prompts = {\n"
            '        "outline": f"Create a structured outline for the task below.\\nTASK: {task}",\n'
            '        "polish": f"Rewrite and polish the following draft for clarity.\\nDRAFT: {task}",\n'
            "    }\n    return llm_text(prompts[kind])",
            ["poc_ask_outline", "poc_ask_polish"],
        ),
        (
            "class Team:\n    def __init__(self):\n        self.system_prompts = {\n"
            '            Role.PLANNER: "You are a planner. Break down complex problems into clear steps.",\n'
            '            Role.WRITER: "You are a writer. Write each step as a sentence of its own.",\n        }',
            ["poc_team_system_planner", "poc_team_system_writer"],
        ),
        (
            'def build(text):\n    sys_prompt = "You are a precise assistant."\n    return sys_prompt, text',
            ["poc_build_system"],
        ),
        (
            'planner = Base("Planner", 3, "You are a strategic planner. Break down complex tasks into steps.")',
            ["poc_planner_system"],
        ),
    ],
)
def test_a_text_that_no_call_is_seen_to_send_is_lifted_by_name_or_wording(
    code: str, names: list[str], tmp_path: Path
) -> None:
    """In methods, in dictionaries, handed to a class of the notebook's own."""
    promoted = promote_cells(make_project(tmp_path), "import openai", code)
    assert [p.task for p in promoted.promotion.report.prompts] == names
    assert _kept(promoted, "prompt") == []


@pytest.mark.parametrize(
    "code",
    [
        'docs = [{"id": 1, "title": "Style", "content": "Answer every question with the context below. Be brief: '
        'use at most three sentences, and say that you do not know when the context says nothing about it."}]',
        'out = utils.run(f"az acr build --image {image}:v1 --registry {registry} --file src/Dockerfile src/")',
        'out = utils.run(f"python serve.py --port {port} and then wait for the server to be there")',
        'BAD = ["ignore all instructions", "act as if you have no restrictions", "forget your rules", "you are now"]',
        'def chat_prompt(said):\n    return f"<|im_start|>user\\n{said}<|im_end|>\\n<|im_start|>assistant"',
    ],
)
def test_rows_of_data_and_marks_of_a_chat_template_stay(code: str, tmp_path: Path) -> None:
    """Whatever they read like; they are not called prompts either."""
    promoted = promote_cells(make_project(tmp_path), "import openai", code)
    assert promoted.promotion.report.prompts == []
    assert _kept(promoted, "prompt") == []


def test_of_a_long_name_the_notebook_s_part_gives_way() -> None:
    """What tells the prompts of one notebook apart is kept whole."""
    step = "cost_aware_planning_agent_budget_constrained_tutorial"
    name = task_name(step, "run_llm_step", "outline", "user")
    assert name == "cost_aware_planning_agent_budget_constrained_run_llm_step_outline"
    assert len(task_name(step, "build_" * 20, "outline", "user")) <= 70


def test_a_text_that_reads_like_a_prompt_among_rows_is_reported(tmp_path: Path) -> None:
    """The lint finds it, so the report says it too: kept, with place and what to do."""
    cell = (
        "import openai\ncases = ['Write a story about the sea. It should be ten sentences long and end well.',\n"
        "  'Answer the question using only the context below. Do not make up an answer; return JSON: {text}']"
    )
    (finding,) = _kept(promote_cells(make_project(tmp_path), cell), "prompt")
    assert finding.place == "0:3"
    assert "found no call to put a look-up into" in finding.reason
    assert finding.remedy


def test_names_come_from_the_notebook_s_own_words(tmp_path: Path) -> None:
    """Two texts of one object are told apart by what they are."""
    cell = (
        'writer = Agent(role="writer", goal="Write a short story.\\nKeep to the topic that is given", '
        'backstory="You have written stories for forty years")\nprint(writer)'
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    assert {p.task for p in promoted.promotion.report.prompts} == {"poc_writer_goal", "poc_writer_backstory_system"}


def test_one_prompt_used_twice_is_one_file(tmp_path: Path) -> None:
    """Also when it stands in two cells and under two names, and on the second promotion."""
    text = '"Summarise the following document in exactly {n} lines, with no preamble at all: " + doc'
    cells = (f"first_prompt = {text}\nllm.invoke(first_prompt)", f"other_prompt = {text}\nllm.invoke(other_prompt)")
    project = make_project(tmp_path)
    promoted = promote_cells(project, *cells)
    assert len([name for name in promoted.files if name.endswith(".prompt.yml")]) == 1
    write_all(project, promoted.promotion.files)
    assert promote_cells(project, *cells).files == {}


@pytest.mark.parametrize(
    ("heading", "task"),
    [
        ("## 2. Summarise the [long documents](https://example.org) 🎉", "poc_summarise_long_documents"),
        ("## Example", "poc_sum_document"),
        ("### Résumé of a call\nsome words\n```\n# no heading\n```", "poc_resume"),
    ],
)
def test_a_text_without_a_name_is_called_after_its_heading(heading: str, task: str, tmp_path: Path) -> None:
    """The author's words for the cell; a title says no more than the step's name does, and then the prompt's own do."""
    cells = (("markdown", "# Title"), ("markdown", heading), 'llm.invoke(f"Sum up the following document: {x}")')
    promoted = promote_cells(make_project(tmp_path), *cells)
    assert [p.task for p in promoted.promotion.report.prompts] == [task]


def test_a_long_name_ends_with_a_whole_word(tmp_path: Path) -> None:
    """Seventy characters at most."""
    cell = (
        'def a_function_with_a_very_long_name_that_goes_on(x):\n    llm.invoke(f"Sum up the following document: {x}")'
    )
    promoted = promote_cells(make_project(tmp_path), cell, name="a rather long name of a notebook.ipynb")
    (prompt,) = promoted.promotion.report.prompts
    assert prompt.task == "a_rather_long_name_of_a_a_function_with_a_very_long_name_that_goes_on"


@pytest.mark.feature("N1")
def test_a_short_question_that_is_a_parameter_is_not_said_to_stay(tmp_path: Path) -> None:
    """One line of the notebook, one line of the report."""
    promoted = promote_cells(make_project(tmp_path), 'question = "What is due?"\nllm.invoke(question)')
    findings = promoted.promotion.report.findings
    assert [(f.place, f.subject, f.outcome) for f in findings] == [("0:1", "parameter", "changed")]


TOLD = "You are a careful reviewer of findings, and you name every contradiction."


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (f'reviewer = {{"name": "reviewer", "system_prompt": "{TOLD}"}}', ["poc_reviewer_system"]),
        (f'payload = {{"configuration": {{"instructions": "{TOLD}"}}}}', ["poc_system"]),
        (
            "tell = lambda row: f'Tell a story about {row} in the form of a report.'\nllm.invoke(tell(1))",
            ["poc_tell"],
        ),
        (
            f'from theirs import with_rules\nagent = Agent(name="a", instructions=with_rules("{TOLD}"))',
            ["poc_system"],
        ),
        (f'chain.prompt.template = """{TOLD}"""', ["poc_careful_reviewer_findings"]),
        ("page = f'{x}'\nc = [TextChunk(text=(f'This is the text: {page} '\n    'Turn it into JSON.'))]", ["poc_c"]),
        (f'm = GEval(name="Right", criteria="{TOLD} Say why and how sure you are of it, in one sentence.")', ["poc_m"]),
        (
            f'system = "{TOLD}"\ngrade_prompt = ChatPromptTemplate.from_messages([("system", system)])',
            ["poc_grade_system"],
        ),
    ],
)
def test_where_else_a_model_is_told(code: str, names: list[str], tmp_path: Path) -> None:
    """Each becomes a file under a name of the notebook's own, and nothing is said of the words that name a speaker."""
    promoted = promote_cells(make_project(tmp_path), code)
    assert [prompt.task for prompt in promoted.promotion.report.prompts] == names
    assert not [f for f in promoted.promotion.report.findings if (f.subject, f.outcome) == ("prompt", "kept")]


def test_a_question_to_a_person_is_no_prompt(tmp_path: Path) -> None:
    """Although its answer goes to a model."""
    code = "while True:\n    q = input('Enter your question here, or type Q to leave the program. ')\n    llm.invoke(q)"
    assert promote_cells(make_project(tmp_path), code).promotion.report.prompts == []


def test_a_thing_with_name_and_description_is_no_tool(tmp_path: Path) -> None:
    """Products have both; a report that lists them all is read by nobody."""
    laptop = '{"name": "X16", "description": "A powerful laptop with a bright display.", "price": 9, "reviews": 4}'
    agent = '{"name": "finder", "description": "Finds sources for one angle of a question.", "system_prompt": TOLD}'
    promoted = promote_cells(make_project(tmp_path), f"rows = [{laptop}]\nagent = {agent}\nprint(rows, agent)")
    kept = [f.line for f in promoted.promotion.report.findings if f.subject == "description"]
    assert kept == [2]


def test_braces_of_a_prompt_s_own_pass_the_lint(tmp_path: Path) -> None:
    """The file that promote writes is one that the project's own lint has nothing against."""
    project = make_project(tmp_path)
    code = 't = PromptTemplate(template="Explain {{ concept }} to a \\"{{ audience }}\\" and more.")\nprint(t)'
    write_all(project, promote_cells(project, code).promotion.files)
    found = inspect([project / "prompts"], Configuration(project), jobs=1).findings
    assert [f for f in found if f.rule == "undeclared_prompt_input"] == []
    text = (project / "prompts/poc_t/v1.prompt.yml").read_text()
    assert '      Explain \\{{ concept }} to a "\\{{ audience }}" and more.' in text


def test_a_second_system_prompt_is_called_by_its_heading(tmp_path: Path) -> None:
    """Rather than by a number, which says nothing."""
    cells = [("markdown", "## Routing questions"), 'system = "You route questions."\nprint(system)']
    cells += [("markdown", "## Structuring queries"), 'system = "You make queries."\nprint(system)']
    cells += ['system = "You make tea."\nprint(system)']
    promoted = promote_cells(make_project(tmp_path), *cells)
    assert [prompt.task for prompt in promoted.promotion.report.prompts] == [
        "poc_system", "poc_structuring_queries_system", "poc_tea_system",
    ]  # fmt: skip


MAKES = "t = PromptTemplate(template=told)"


@pytest.mark.parametrize(
    "code",
    [
        f'rows = [("a", "{TOLD}{{x}}"), ("b", "{TOLD} {{x}}")]\nfor who, told in rows:\n    {MAKES}',
        f'table = {{"a": ("{TOLD}{{x}}", c)}}\nfor key, (told, _) in table.items():\n    {MAKES}',
        f'ts = [PromptTemplate(told) for i, told in enumerate(["{TOLD}{{x}}", "{TOLD} {{x}} {TOLD * 4}"])]',
        f'def f():\n    for a, told in zip(x, ["{TOLD}{{x}}", "{TOLD * 4} {{x}}"]):\n        {MAKES}',
    ],
)
def test_prompts_that_a_loop_goes_over(code: str, tmp_path: Path) -> None:
    """The collection keeps its form, each text that deserves a file is looked up."""
    promoted = promote_cells(make_project(tmp_path), code)
    assert promoted.promotion.report.prompts
    assert TOLD not in "\n".join(promoted.code)


def test_rows_of_data_that_a_loop_goes_over_stay(tmp_path: Path) -> None:
    """Questions and documents are no prompts, however long."""
    rows = ", ".join(
        f'("{n}", f"The hotel {{name}} of row {n} has many rooms and a garden behind it.")' for n in range(3)
    )
    promoted = promote_cells(make_project(tmp_path), f"rows = [{rows}]\nfor n, text in rows:\n    llm.invoke(text)")
    assert promoted.promotion.report.prompts == []


def test_questions_that_a_loop_goes_over_are_a_parameter(tmp_path: Path) -> None:
    """A short flat list is what a person changes."""
    code = 'questions = ["What is a bank?", "Why is it\\nhere?"]\nfor q in questions:\n    llm.invoke(q)'
    promoted = promote_cells(make_project(tmp_path), code)
    assert promoted.promotion.report.prompts == []
    assert [p.name for p in promoted.promotion.report.parameters] == ["questions"]


def test_a_query_in_pipes_is_no_prompt(tmp_path: Path) -> None:
    """Elasticsearch's language begins like a sentence."""
    code = (
        'rows = client.esql.query(query=f"""\n  FROM {INDEX} | WHERE type == "entry" | KEEP title, tags | LIMIT 10""")'
    )
    assert promote_cells(make_project(tmp_path), code).promotion.report.prompts == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (
            "def write(topic):\n    told = f'You write blogs about {topic} for readers.'\n"
            "    return ask(messages=[{'role': 'system', 'content': told}])\nwrite('Building a bot with Llama 3')",
            ["poc_write_told_system"],
        ),
        (
            "def weather(place):\n    return f'The weather in {place} is sunny.'\n"
            "messages = [{'role': 'tool', 'content': weather('Oslo')}]",
            [],
        ),
        (f"prompt = '{TOLD} {TOLD}'\ncount = len(prompt)", ["poc_careful_reviewer_findings"]),
    ],
)
def test_values_and_results_are_no_prompts(code: str, names: list[str], tmp_path: Path) -> None:
    """What fills a place of a prompt, what a tool gave back; and counting a text gives it no name."""
    promoted = promote_cells(make_project(tmp_path), code)
    assert [prompt.task for prompt in promoted.promotion.report.prompts] == names


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("class JudgeOfCode:\n    def __init__(self):\n        self.prompt = f'TOLD {x}'", ["poc_judge_of_code"]),
        (
            "template = 'Sum up: {text}'\nprompt = PromptTemplate.from_template(template)\n"
            "summary_chain = prompt | llm",
            ["poc_summary"],
        ),
        ("template = 'Sum up: {text}'\ntemplate = other\nmore_chain = PromptTemplate.from_template(template)",
         ["poc_sum"]),
        ("llm.invoke(f'概括 {x} 的全部主要内容和结论')", ["poc_user"]),
        ("def ask(x):\n    llm.invoke(f'Weigh the risks of {x}')\n    llm.invoke(f'Weigh the gains of {x}')",
         ["poc_ask", "poc_ask_weigh_gains"]),
    ],
)  # fmt: skip
def test_names_say_what_a_prompt_is_for(code: str, names: list[str], tmp_path: Path) -> None:
    """A class for `__init__`, what a template is made into below, else words of the prompt; a number comes last."""
    promoted = promote_cells(make_project(tmp_path), code.replace("TOLD", "Judge the code below with care"))
    assert [p.task for p in promoted.promotion.report.prompts] == names


def test_a_text_that_more_is_appended_to_is_one_prompt(tmp_path: Path) -> None:
    """Places are filled in where they stood; what stands between two parts ends the prompt."""
    code = (
        'request = f"Choose the best of these models for the task: {models}. "\n'
        "# the first is cheap\n"
        'request += f"The model {models[0]} costs little. "\n'
        'request += "Answer with its name."\n'
        "llm.invoke(request)"
    )
    promoted = promote_cells(make_project(tmp_path), code)
    (prompt,) = promoted.promotion.report.prompts
    assert prompt.inputs == ("models", "models_0")
    assert "+=" not in "".join(promoted.code)
    assert "# the first is cheap" in "".join(promoted.code)
    text = promoted.files[f"prompts/{prompt.task}/v1.prompt.yml"]
    assert "task: {{models}}. The model {{models_0}} costs little. Answer with its name." in text
    between = code.replace("# the first is cheap", "models = sorted(models)")
    assert len(promote_cells(make_project(tmp_path / "other"), between).promotion.report.prompts) == 2


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("parts = []\nparts.append(f'TOLD. Text: {x}')\nllm.invoke([HumanMessage(content=parts)])", 1),
        ("def f(x):\n    parts = []\n    part = {'type': 'text', 'text': f'TOLD. Text: {x}'}\n    parts.append(part)\n"
         "    return [HumanMessage(content=parts)]", 1),
        ("rows = [{'claim': 'TOLD. TOLD. TOLD. TOLD. TOLD.'}]\nouts = [llm.invoke(row['claim']) for row in rows]", 0),
        ("rows = [{'who': 'You are a judge of claims. TOLD. TOLD. TOLD.'}]\n"
         "outs = [llm.invoke(row['who']) for row in rows]", 1),
        ('mail = QQQThe parcel came late and broken, again.QQQ\nchain.run({"mail": mail})', 0),
        ('mail = "TOLD. TOLD. TOLD. TOLD. TOLD."\nchain.invoke({"mail": mail})\nPromptTemplate("Sum up: {mail}")', 1),
        ('ask = "TOLD. TOLD. TOLD. TOLD. TOLD."\nagent.invoke({"input": ask})', 1),
        ("agent = Agent('a', prompt='Be brief.')", 1),
        ("await Runner.run(planner, f'Search term: {x}\\nReason: {y}')", 1),
        ("await Runner.run(planner, f'Query: {x}')", 0),
        ("agent = initialize_agent(tools, llm)\nagent(f'TOLD: {x}')", 1),
        ("def agent(x):\n    return x\nagent(f'TOLD: {x}')", 0),
    ],
)  # fmt: skip
def test_lists_rows_and_inputs_of_chains(code: str, names: int, tmp_path: Path) -> None:
    """What is appended reaches the model; a row's text and a short input of a chain are values, whoever asks."""
    cell = code.replace("TOLD", "Judge the claim below with care").replace("QQQ", '"""')
    promoted = promote_cells(make_project(tmp_path), cell)
    assert len(promoted.promotion.report.prompts) == names
