"""All rules, in the order of the documentation. A new rule is a new file and a line here."""

from __future__ import annotations

from tools.prompt_lint.rules.hardcoded_model_id import HardcodedModelId
from tools.prompt_lint.rules.hardcoded_prompt import HardcodedPrompt
from tools.prompt_lint.rules.provider_sdk_outside_gateway import ProviderSdkOutsideGateway
from tools.prompt_lint.rules.released_prompt_changed import ReleasedPromptChanged
from tools.prompt_lint.rules.rule import CodeRule, PromptFileRule, Rule
from tools.prompt_lint.rules.secret_in_prompt import SecretInPrompt
from tools.prompt_lint.rules.undeclared_prompt_input import UndeclaredPromptInput
from tools.prompt_lint.suppression import SUPPRESSION, UNUSED

UNPARSABLE = "unparsable"

_HARDCODED_PROMPT = HardcodedPrompt()
_PROVIDER_SDK = ProviderSdkOutsideGateway()
_MODEL_ID = HardcodedModelId()
_RELEASED = ReleasedPromptChanged()
_UNDECLARED = UndeclaredPromptInput()
_SECRET = SecretInPrompt()

RULES: tuple[Rule, ...] = (_HARDCODED_PROMPT, _PROVIDER_SDK, _MODEL_ID, _RELEASED, _UNDECLARED, _SECRET)
CODE_RULES: tuple[CodeRule, ...] = (_HARDCODED_PROMPT, _PROVIDER_SDK, _MODEL_ID, _SECRET)
PROMPT_FILE_RULES: tuple[PromptFileRule, ...] = (_RELEASED, _UNDECLARED, _SECRET)
RULE_NAMES = frozenset(rule.id for rule in RULES)
OWN_NAMES = frozenset({UNPARSABLE, SUPPRESSION, UNUSED})
"""Names of what the linter says about a file or a comment itself; these cannot be suppressed."""
