"""Wording of prompts in English that hardly occurs elsewhere: a table, no decisions.

Each entry: words of which one must occur (lower case; tested first, because it is fast), and the expression.
"""

from __future__ import annotations

Table = tuple[tuple[tuple[str, ...], str], ...]

_ROLES = (
    r"assistant|expert|agents?|ai|a\.i\.|bot|chatbot|llm|language model|model|tutor|teacher|professor|writer|author|"
    r"copywriter|journalist|analyst|engineer|developer|programmer|scientist|researcher|editor|assessor|judge|evaluator|"
    r"grader|reviewer|critic|planner|classifier|translator|specialist|advisor|adviser|consultant|coach|doctor|lawyer|"
    r"attorney|manager|architect|summarizer|extractor|generator|interviewer|recruiter|moderator|storyteller|poet|chef|"
    r"helper|system|tool|machine|router|supervisor|orchestrator|guide|master|strategist|marketer|salesperson|physician|"
    r"nurse|historian|economist|mathematician|copilot|persona|character|concierge|representative|companion|annotator"
)

ENGLISH: Table = (
    (
        ("you are ", "you're ", "you will be ", "you will act", "you act as"),
        r"(?:^|[.:;!?\n>\"'`*#\]}\-]|\b(?:that|imagine|suppose|assume|now|today))\s*(?:(?:hi|"
        r"hello)[^.\n]{0,20}[.,!]\s*)?"
        r"you(?: are|'re| will be| will act as| act as)(?: now| currently| also)?(?: an?| the| my| our| one of)"
        r"(?! (?:member|owner|guest|new user|subscriber|valid|registered|logged|bit)\b)\s+\S+",
    ),
    (("you are ", "you're "), r"\byou(?: are|'re)\s+(?:[\w,'-]+\s+){0,8}?(?:" + _ROLES + r")\b"),
    (
        ("your task", "your job", "your role", "your goal", "your objective", "your mission", "your purpose",
        "your name is",
         "your responsib", "your primary", "your main", "your output", "your response", "your answer", "your final"),
        r"\byour (?:primary |main |sole |only |first |ultimate )?(?:task|job|role|goal|objective|mission|purpose|name|"
        r"responsibility|responsibilities|(?:final )?(?:output|response|answer)s?)"
        r"\s*(?:is|are|will be|:|should|must|in the|as|here|with|to)",
    ),
    (
        ("act as", "acting as", "behave as", "behave like", "pretend", "imagine you", "imagine that", "role of",
         "role-play", "roleplay", "assume you", "assume that", "play the role", "respond as"),
        r"\b(?:i want you to act as|act(?:ing)? as (?:an?|the|if)\b|behave (?:as|like) (?:an?|the)\b|pretend (?:to be|"
        r"(?:that )?you)|imagine (?:that )?you(?:'re| are| have| work)|(?:take|assume|play)(?: on)? the role of|"
        r"role-?play|"
        r"assume (?:that )?you are|respond as (?:an?|the|if)\b)",
    ),
    (
        ("answer the", "answer user", "answer question", "answer my", "answer any", "answer this", "answer in",
         "answer only", "answer with", "answering question", "answer based", "answer using", "answers based"),
        r"\banswer(?:s|ing)?\b (?:all |any )?(?:the |this |these |my |a |users?'?s? ?)*(?:user'?s? |customer'?s? |"
        r"human'?s? |"
        r"following |given |above |original |input |below )*(?:questions?|query|queries|prompt)\b|"
        r"\banswers? (?:only )?(?:based|using|in|with|from)\b",
    ),
    (
        ("context", "passage", "document", "information", "excerpt", "source", "article", "transcript", "text"),
        r"\b(?:use|using|given|based (?:only |solely |strictly )?(?:up)?on|from|with|considering) (?:only |just |"
        r"solely )?"
        r"(?:the |this |these |your )?(?:following |provided |above |below |given |retrieved |"
        r"supplied )+(?:pieces? of |set of |"
        r"list of )?(?:\w+ ){0,2}?(?:context|passages?|documents?|information|excerpts?|sources?|articles?|"
        r"transcripts?|text)\b|"
        r"\b(?:context|documents?|passages?|text) (?:provided |given )?(?:above|below)\b|\bprovided context\b|"
        r"\bbased on (?:the|this) context\b",
    ),
    (
        ("don't know", "do not know", "make up", "hallucinat", "cannot answer", "can't answer", "insufficient",
        "not sure"),
        r"\bif you (?:don't|do not|dont|can't|cannot|are not sure)\b.{0,40}\b(?:know|answer|find|sure)|"
        r"\b(?:don't|do not|never) (?:try to )?(?:make up|hallucinate|invent|fabricate)|\bjust say (?:that )?you",
    ),
    (
        ("respond", "reply", "output", "return", "answer", "format", "generate", "provide", "write"),
        r"\b(?:respond|reply|answer|return|output)s? (?:with |in |as |using )?(?:only|just|exclusively|strictly|solely|"
        r"nothing but)\b|\b(?:do not|don't|never|without) (?:include|add|provide|output|return|write|use|give|mention|"
        r"repeat|respond|answer|explain|generate)\b.{0,60}\b(?:explanation|text|response|answer|output|information|"
        r"else|"
        r"other|additional|anything|any|preamble|markdown|question)|"
        r"\b(?:respond|reply|output|return|answer)\b.{0,40}\b(?:json|yaml|markdown|xml|csv)\b|"
        r"\b(?:your|the) (?:response|output|answer|reply) (?:should|must|needs to|has to)\b|\boutput format\b",
    ),
    (
        ("user", "human", "customer"),
        r"\bthe (?:user|human|customer)(?:'s)? (?:question|query|input|message|request|wants|asks|will|is asking|"
        r"has asked|"
        r"provides|prompt|intent)\b|\b(?:user|human)(?:'s)? (?:question|query|input|message|request) ?[:{<]|"
        r"\bhelp(?:s|ing)? (?:the )?users?\b",
    ),
    (
        ("step by step", "step-by-step", "chain of thought", "chain-of-thought", "think carefully",
        "take a deep breath"),
        r"\b(?:think|reason|work|let'?s|solve|explain)\b.{0,40}\bstep[ -]by[ -]step|chain[ -]of[ -]thought|"
        r"think carefully|take a deep breath",
    ),
    (
        ("as an ai", "language model", "large language", "ai assistant", "ai model", "virtual assistant", "chatbot"),
        r"\bas an ai\b|\b(?:a|an|the) (?:\w+ )?(?:large )?language model\b.{0,30}\b(?:you|your)|"
        r"\b(?:ai|virtual|helpful|friendly|intelligent) (?:\w+ )?(?:assistant|agent|model|chatbot)\b",
    ),
    (
        ("<|", "[inst]", "<<sys>>", "### inst", "### resp", "###inst", "\nhuman:", "\nassistant:", "human:",
        "assistant:",
         "<start_of_turn>", "<s>", "[/inst]", "### human", "### system", "### user"),
        r"<\|(?:im_start|system|user|assistant|begin_of_text|start_header_id|end)\|>|\[/?INST\]|<<SYS>>|"
        r"<start_of_turn>|"
        r"#{2,3} ?(?:instruction|response|system|human|user|assistant)\b|(?:^|\n)\s*(?:human|assistant|ai|user|bot): ?",
    ),
    (
        ("<context>", "<document", "<instruction", "<example", "<question>", "<query>", "<task>", "<role>", "<rules>",
         "<output", "<input", "<transcript>", "<thinking>", "<answer>", "<text>", "<article>", "<guidelines>"),
        r"</?(?:context|documents?|instructions?|examples?|question|query|task|role|rules|output\w*|input\w*|"
        r"transcript|"
        r"thinking|answer|text|article|guidelines)>",
    ),
    (
        ("few-shot", "examples:", "example:", "q:", "question:", "context:", "input:", "query:", "question =",
        "instructions:",
         "rules:", "guidelines:", "constraints:", "requirements:", "objective:", "task:"),
        r"(?:^|\n)[ \t#*<\[]*(?:user |human |current |new |original )?(?:question|query|context|input|text|q|"
        r"documents?|"
        r"passage|user|conversation|chat history|task|answer)s?\**:\**\s*(?:\{+\s*\w|<|\Z|\n+\s*(?:answer|a|response|"
        r"output)\b)|"
        r"(?:^|\n)[ \t#*]*(?:instructions?|rules|guidelines|constraints|important|requirements|objective|"
        r"task)\**:\**[ \t]*\n",
    ),
    (
        ("thought:", "action:", "observation", "final answer", "tools:"),
        r"(?:^|\n)\s*(?:thought|action|observation|action input|final answer):",
    ),
    (
        ("given ",),
        r"(?:^|[.\n>])\s*given (?:an?|the|some|this|these|a list|your)\b.{3,200}?[,:\n]?\s*(?:please |your |you |write|"
        r"generate|extract|identify|determine|answer|return|classify|create|output|provide|rewrite|decide|respond|"
        r"summari[sz]e|produce|find|predict|suggest|rephrase|convert|translate|formulate|evaluate|come up)",
    ),
    (
        ("following", "below", "above"),
        r"\b(?:summari[sz]e|translate|classify|extract|rewrite|analy[sz]e|explain|evaluate|consider|read|review|answer|"
        r"complete|proofread|convert|describe|rate|grade|assess|paraphrase|improve|correct|categori[sz]e|identify|"
        r"perform|execute|generate|fill in|write|determine|use|take|follow)\b.{0,60}?\b(?:following|below|above)\b",
    ),
    (
        ("i want you to", "i would like you to", "i need you to", "i'd like you to", "you must ", "you should ",
        "you will ",
         "you have access", "you have been", "you can use", "you need to", "you only ", "you never ", "you always "),
        r"\bi (?:want|would like|need|'d like) you to\b|\byou (?:must|should|will|need to) (?:always|only|never|not|"
        r"respond|"
        r"answer|use|return|output|provide|write|generate|be given|be provided|extract|classify|identify|analy[sz]e|"
        r"follow|help|ask|create|also|first|receive|determine|translate|act)\b|\byou have access to\b|"
        r"\byou (?:only|never|always) (?:respond|answer|reply|return|use|speak|output|ask|provide|give)",
    ),
)  # fmt: skip

ROLES_GIVEN: Table = (ENGLISH[0], ENGLISH[1], ENGLISH[3])
"""The entries that give the reader a role: "You are a ...", "Act as ..."."""
