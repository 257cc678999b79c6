"""Amazon Bedrock by boto3: `client("bedrock-runtime")` of the module or a session is pointed at the door's Converse.

Amazon's other services for models are left alone, for they ask none; the calls of theirs that do, and those that ask a
model in a form of its maker's own, are refused where they stand.
"""

from __future__ import annotations

import ast

from tools.promote.clients.family import Constructor, Refusal
from tools.promote.clients.protocols import BEDROCK
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring.constructors import swap
from tools.promote.rewiring.rewired import Rewired

RUNTIME = "bedrock-runtime"
CLIENT = Constructor(
    BEDROCK,
    frozenset(
        {
            "endpoint_url", "region_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
            "aws_account_id", "use_ssl", "verify",
        }
    ),
)  # fmt: skip
INVOKE = Refusal(
    "each maker's models take a body of their own here, which no door reads",
    "call client.converse(modelId=..., messages=[...]) instead and promote again",
)
MANAGED = Refusal(
    "a model is asked or trained at Amazon, past the gateway",
    "ask with client.converse(...), or keep this step out of the pipeline",
)
CALLS = {
    **dict.fromkeys(("invoke_model", "invoke_model_with_response_stream", "start_async_invoke"), INVOKE),
    **dict.fromkeys(
        (
            "apply_guardrail", "retrieve_and_generate", "retrieve_and_generate_stream", "invoke_agent",
            "invoke_inline_agent", "invoke_flow", "create_model_customization_job", "create_model_invocation_job",
            "create_model_import_job", "create_evaluation_job", "create_provisioned_model_throughput",
            "start_ingestion_job",
        ),
        MANAGED,
    ),
}  # fmt: skip
POSITIONAL = Refusal("its region is given by place", "give it by name (region_name=...) and promote again")
ASKS_NONE = "it manages models at Amazon and asks none; it needs Amazon's own credentials where the step runs"
SDKS = ("boto3", "botocore", "aioboto3", "sagemaker")


def rewire(program: Program, cell: CodeCell, call: ast.Call, edits: Edits, rewired: Rewired) -> None:
    """Findings and edits for one call."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    service = service_of(program, call)
    if service is not None:
        _client(program, cell, call, service, edits, rewired)
    elif name in CALLS and _amazon_s(program):
        rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", CALLS[name])


def service_of(program: Program, call: ast.Call) -> str | None:
    """The service of Bedrock that a call makes a client of, None for every other call."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "client":
        return None
    given = next((k.value for k in call.keywords if k.arg == "service_name"), call.args[0] if call.args else None)
    service = program.constant(given)
    return service if service is not None and service.startswith("bedrock") else None


def _client(program: Program, cell: CodeCell, call: ast.Call, service: str, edits: Edits, rewired: Rewired) -> None:
    what = f"{cell.text(call.func)}({service!r})"
    if service != RUNTIME:
        rewired.findings.append(Finding("kept", "client", cell.index, call.lineno, what, ASKS_NONE))
    elif len(call.args) > 1:
        rewired.refuse(cell, call.lineno, what, POSITIONAL)
    else:
        rewired.helpers |= CLIENT.helpers
        swap(program, cell, call, CLIENT, edits)
        rewired.changed(cell, call.lineno, f"{what} goes through the gateway's door")


def _amazon_s(program: Program) -> bool:
    """Whether the notebook has Amazon's SDK at all: other libraries have methods of these names."""
    return any(path.split(".")[0] in SDKS for path in program.names.imports.values())
