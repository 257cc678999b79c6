"""Every documented field of a request at the vendors' doors, and what becomes of it: none is lost unsaid.

`served`: read, and meant to every provider. `passed`: handed to a provider that knows it, with the others it is named
in the header `x-fields-left-out` of the answer. `no_effect`: says nothing that changes the reply; handed on where it is
known. `refused`: an error that names the field and what to do. Fields nobody documents are passed.

`docs/reference/doors.md` is written from here; a test asks for each field through the vendor's own SDK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import InputError

# Fields that hold others; each of these is looked at by itself.
_HOLDERS = ("options", "generationConfig", "text")
_NOTHING: tuple[Any, ...] = (None, False, 0, "", [])
_KEPT = "is kept by another provider: send the whole conversation as input"
_MODERATION = "is not served here: its verdicts have no place in a reply of the gateway, ask a moderation model"
_PARALLEL = "reaches OpenAI's protocols and Anthropic's; the stand-in makes one call at a time"
_MEDIA = "is not served here: replies are text alone, leave it out"


@dataclass(frozen=True, slots=True)
class Door:
    """The fields of one door. `protocol` is the name its passed fields travel under; `refused` says why and what to do,
    `notes` what else is to be known."""

    title: str
    path: str
    protocol: str
    served: frozenset[str]
    passed: frozenset[str]
    no_effect: frozenset[str]
    refused: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[str]:
        """All of them."""
        return self.served | self.passed | self.no_effect | frozenset(self.refused)

    def refuse(self, body: Mapping[str, Any]) -> None:
        """Raise InputError for a field that is refused; one that is false, zero or empty asks for nothing."""
        for name, why in self.refused.items():
            holder, _, inner = name.rpartition(".")
            held = body.get(holder) if holder else body
            if isinstance(held, Mapping) and held.get(inner) not in _NOTHING:
                raise InputError(f"{name} {why}")


def names_of(fields: Mapping[str, Any]) -> Iterator[str]:
    """The names of fields as a door's table has them."""
    for name, value in fields.items():
        if name in _HOLDERS and isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield name


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


CHAT = Door(
    "OpenAI chat completions",
    "/v1/chat/completions",
    "openai",
    served=_set(
        "messages model max_tokens max_completion_tokens temperature top_p stop seed n stream stream_options logprobs "
        "top_logprobs response_format tools tool_choice functions function_call modalities"
    ),
    passed=_set("parallel_tool_calls frequency_penalty presence_penalty logit_bias reasoning_effort verbosity"),
    no_effect=_set(
        "metadata store user safety_identifier service_tier prediction prompt_cache_key prompt_cache_options "
        "prompt_cache_retention"
    ),
    refused={
        "audio": "is not served here: leave it out and ask for the modality text",
        "moderation": _MODERATION,
        "web_search_options": "asks for a search at the provider, outside the gateway's guards and budget, which is "
        "not served here, offline or not: offer a function tool that searches",
    },
    notes={
        "modalities": "`text`; `audio` is refused",
        "parallel_tool_calls": _PARALLEL,
        "n": "up to 128, each a call of its own; not in a stream",
        "functions": "and `function_call`: read as tools, told back in their way",
        "tools": "functions and custom tools; grammars reach OpenAI's protocols, others read them in the description",
        "tool_choice": "a word, one tool, or `allowed_tools`",
        "stream_options": "`include_usage`; nothing is padded, so `include_obfuscation` is off",
    },
)
RESPONSES = Door(
    "OpenAI Responses",
    "/v1/responses",
    "responses",
    served=_set(
        "input model instructions max_output_tokens temperature top_p tools tool_choice text stream include "
        "top_logprobs"
    ),
    passed=_set("parallel_tool_calls reasoning truncation context_management image access_programs"),
    no_effect=_set(
        "metadata store user safety_identifier service_tier prompt_cache_key prompt_cache_options "
        "prompt_cache_retention stream_options max_tool_calls"
    ),
    refused={
        "previous_response_id": _KEPT,
        "conversation": _KEPT,
        "prompt": _KEPT,
        "background": "is not served here: wait for the reply, or stream it",
        "moderation": _MODERATION,
    },
    notes={
        "include": "`message.output_text.logprobs`; the others speak of tools and thoughts kept at OpenAI, of which a "
        "reply here has none",
        "reasoning": "a `summary` is told where the model tells its thoughts",
        "text": "`format`; `verbosity` is passed",
        "tools": "functions and custom tools; those that run at OpenAI are refused",
        "parallel_tool_calls": _PARALLEL,
        "max_tool_calls": "counts calls of OpenAI's own tools",
    },
)
MESSAGES = Door(
    "Anthropic messages",
    "/v1/messages",
    "anthropic",
    served=_set(
        "messages model max_tokens system stop_sequences stream tools tool_choice output_config temperature top_p"
    ),
    passed=_set("top_k thinking inference_geo"),
    no_effect=_set("cache_control metadata service_tier speed diagnostics user_profile_id workspace_id"),
    refused={
        "container": "is for tools that run at the provider, which are not served here: offer tools of your own",
        "mcp_servers": "are reached by the provider, outside the gateway's guards and budget, which is not served "
        "here: offer their tools as your own",
    },
    notes={
        "output_config": "`format`; `effort` is passed",
        "thinking": "thoughts are told where the model tells them",
        "tool_choice": "`disable_parallel_tool_use` is kept",
        "tools": "your own, and those a client runs (bash, text editor, memory, computer); those that run at Anthropic "
        "are refused",
    },
)
_CONFIG_SERVED = (
    "maxOutputTokens temperature topP stopSequences seed candidateCount responseModalities responseLogprobs logprobs"
)
_CONFIG_SCHEMA = "responseMimeType responseSchema responseJsonSchema"
_CONFIG_PASSED = (
    "topK presencePenalty frequencyPenalty thinkingConfig mediaResolution enableEnhancedCivicAnswers routingConfig "
    "modelSelectionConfig"
)


def _config(names: str) -> frozenset[str]:
    return frozenset(f"generationConfig.{name}" for name in names.split())


GEMINI = Door(
    "Gemini generateContent",
    "/v1beta/models/{model}:generateContent",
    "gemini",
    served=_set("contents systemInstruction tools toolConfig") | _config(f"{_CONFIG_SERVED} {_CONFIG_SCHEMA}"),
    passed=_set("safetySettings modelArmorConfig generationOutputConfig") | _config(_CONFIG_PASSED),
    no_effect=_set("labels serviceTier store"),
    refused={
        "cachedContent": "is kept by another provider: send the content itself",
        "continuationToken": "is kept by another provider: send the content itself",
        "generationConfig.speechConfig": _MEDIA,
        "generationConfig.imageConfig": _MEDIA,
        "generationConfig.audioTimestamp": _MEDIA,
        "generationConfig.audioTranscriptionConfig": _MEDIA,
    },
    notes={
        "generationConfig.candidateCount": "1; more are refused",
        "generationConfig.responseModalities": "`TEXT`; others are refused",
        "generationConfig.responseLogprobs": "with whole replies; refused in a stream",
        "generationConfig.thinkingConfig": "thoughts are told where the model tells them",
        "safetySettings": "`safetyRatings` are empty: nothing was rated",
        "tools": "`functionDeclarations`; those that run at Google are refused",
    },
)
COHERE = Door(
    "Cohere chat, version 2",
    "/v2/chat",
    "cohere",
    served=_set(
        "model messages tools strict_tools documents citation_options response_format max_tokens stop_sequences "
        "temperature seed p tool_choice stream"
    ),
    passed=_set("frequency_penalty presence_penalty k safety_mode thinking"),
    no_effect=_set("priority"),
    refused={"logprobs": "are not served here: leave them out"},
    notes={"thinking": "thoughts are told where the model tells them"},
)
MISTRAL = Door(
    "Mistral chat",
    "/v1/chat/completions",
    "mistral",
    served=_set(
        "model messages max_tokens temperature top_p stop random_seed stream n response_format tools tool_choice"
    ),
    passed=_set(
        "parallel_tool_calls frequency_penalty presence_penalty reasoning_effort prompt_mode safe_prompt top_k "
        "min_tokens repetition_penalty"
    ),
    no_effect=_set("metadata prediction prompt_cache_key service_tier"),
    refused={
        "guardrails": _MODERATION,
        **dict.fromkeys(
            ("logprobs", "top_logprobs", "prompt_logprobs", "top_prompt_logprobs"),
            "are not served at this door: leave them out",
        ),
    },
    notes={"n": "1; more are refused", "parallel_tool_calls": _PARALLEL},
)
_RUNTIME = (
    "numa num_batch num_gpu main_gpu low_vram use_mmap use_mlock num_thread f16_kv vocab_only embedding_only logits_all"
)
_SAMPLING = (
    "num_ctx num_keep top_k tfs_z typical_p repeat_last_n repeat_penalty presence_penalty frequency_penalty mirostat "
    "mirostat_tau mirostat_eta penalize_newline"
)


def _options(names: str) -> frozenset[str]:
    return frozenset(f"options.{name}" for name in names.split())


OLLAMA = Door(
    "Ollama chat",
    "/api/chat",
    "ollama",
    served=_set("model messages tools format stream") | _options("num_predict temperature top_p stop seed"),
    passed=_set("think") | _options(_SAMPLING),
    no_effect=_set("keep_alive") | _options(_RUNTIME),
    refused={
        "logprobs": "are not served here: leave logprobs and top_logprobs out",
        "top_logprobs": "are not served here: leave logprobs and top_logprobs out",
    },
    notes={"think": "thoughts are told where the model tells them"},
)
DOORS = (CHAT, RESPONSES, MESSAGES, GEMINI, COHERE, MISTRAL, OLLAMA)
BY_PROTOCOL: Mapping[str, Door] = {door.protocol: door for door in DOORS}
