"""The families of model clients that promote knows, in the order in which an import path is looked up."""

from tools.promote.clients import (
    agent_models,
    agents,
    anthropic,
    cohere,
    google,
    haystack,
    langchain,
    llama_index,
    local_servers,
    mistral,
    openai,
    toolkits,
    unserved,
    voyage,
)
from tools.promote.clients.family import Family

FAMILIES: tuple[Family, ...] = (
    openai.FAMILY,
    *openai.COMPATIBLE,
    anthropic.FAMILY,
    langchain.FAMILY,
    google.FAMILY,
    google.LEGACY,
    cohere.FAMILY,
    mistral.FAMILY,
    llama_index.FAMILY,
    haystack.FAMILY,
    voyage.FAMILY,
    local_servers.OLLAMA_FAMILY,
    local_servers.HUGGINGFACE,
    *agents.FAMILIES,
    *agent_models.FAMILIES,
    *toolkits.FAMILIES,
    *unserved.FAMILIES,
)
