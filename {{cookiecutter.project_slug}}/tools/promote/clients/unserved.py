"""What no door serves: models inside the notebook's own process, and protocols of providers nobody has asked for."""

from tools.promote.clients.family import LOCAL, NO_DOOR_REMEDY, Family, refusing

FAMILIES = (
    Family(
        "transformers", ("transformers", "vllm", "llama_cpp", "gpt4all", "ctransformers", "unsloth", "mlx_lm"),
        refusals=refusing(
            LOCAL, NO_DOOR_REMEDY,
            "pipeline", "AutoModelForCausalLM.from_pretrained", "AutoModelForSeq2SeqLM.from_pretrained", "LLM",
            "Llama", "Llama.from_pretrained", "GPT4All", "LlamaForCausalLM.from_pretrained",
            "FastLanguageModel.from_pretrained", "load", "T5ForConditionalGeneration.from_pretrained",
            "AutoModelForVision2Seq.from_pretrained", "AutoModelForImageTextToText.from_pretrained",
        ),
    ),
    Family(
        "replicate", ("replicate",),
        refusals=refusing("no door speaks Replicate's protocol", NO_DOOR_REMEDY, "run", "Client", "stream"),
    ),
)  # fmt: skip
