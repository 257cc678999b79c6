"""What no door serves: models inside the notebook's own process, and protocols of providers nobody has asked for."""

from tools.promote.clients.family import FOREIGN, LOCAL, NO_DOOR_REMEDY, Family, refusing, served_as

FAMILIES = (
    Family(
        "transformers", ("transformers", "vllm", "llama_cpp", "gpt4all", "ctransformers", "unsloth", "mlx_lm"),
        refusals=refusing(
            LOCAL, served_as("the openai or the ollama client"),
            "pipeline", "AutoModelForCausalLM.from_pretrained", "AutoModelForSeq2SeqLM.from_pretrained", "LLM",
            "Llama", "Llama.from_pretrained", "GPT4All", "LlamaForCausalLM.from_pretrained",
            "FastLanguageModel.from_pretrained", "load", "T5ForConditionalGeneration.from_pretrained",
            "AutoModelForVision2Seq.from_pretrained", "AutoModelForImageTextToText.from_pretrained",
        ),
    ),
    Family(
        "sentence_transformers", ("sentence_transformers", "FlagEmbedding", "fastembed"),
        refusals=refusing(
            LOCAL,
            "use client.embeddings of the openai client and promote again, or keep this step out of the pipeline",
            "SentenceTransformer", "CrossEncoder", "SparseEncoder", "FlagModel", "BGEM3FlagModel", "FlagReranker",
            "TextEmbedding", "SparseTextEmbedding", "LateInteractionTextEmbedding", "ImageEmbedding",
            "TextCrossEncoder",
        ),
    ),
    Family(
        "azure_projects", ("azure.ai.projects", "azure.ai.agents"),
        refusals=refusing(
            "its agents live at Azure, where no gateway can stand before them", NO_DOOR_REMEDY,
            "AIProjectClient", "AIProjectClient.from_connection_string", "AgentsClient",
        ),
    ),
    Family(
        "llama_api", ("llama_api_client",),
        refusals=refusing(
            "its replies have a form of their own (`completion_message`), which no door gives",
            "use the openai client with the same messages and promote again",
            "LlamaAPIClient", "AsyncLlamaAPIClient",
        ),
    ),
    Family(
        "own_protocols",
        ("azure.ai.inference", "ai21", "ibm_watsonx_ai", "xai_sdk", "dashscope", "qianfan", "lamini", "writerai"),
        refusals=refusing(
            FOREIGN, "use the openai client and promote again",
            "ChatCompletionsClient", "EmbeddingsClient", "AI21Client", "ModelInference", "Client", "AsyncClient",
            "Generation.call", "TextEmbedding.call", "ChatCompletion", "Lamini", "Writer",
        ),
    ),
    Family(
        "replicate", ("replicate",),
        refusals=refusing("no door speaks Replicate's protocol", NO_DOOR_REMEDY, "run", "Client", "stream"),
    ),
)  # fmt: skip
