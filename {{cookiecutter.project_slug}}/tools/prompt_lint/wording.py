"""What reads like an instruction to a model, in several languages.

`strong` is wording that hardly occurs elsewhere ("You are a helpful ...", "Answer using only the context below");
`weak` is an imperative opening or a placeholder, which counts only beside other evidence.
"""

from __future__ import annotations

import re
from functools import cache

_ROLES = (
    r"assistant|expert|agents?|ai|a\.i\.|bot|chatbot|llm|language model|model|tutor|teacher|professor|writer|author|"
    r"copywriter|journalist|analyst|engineer|developer|programmer|scientist|researcher|editor|assessor|judge|evaluator|"
    r"grader|reviewer|critic|planner|classifier|translator|specialist|advisor|adviser|consultant|coach|doctor|lawyer|"
    r"attorney|manager|architect|summarizer|extractor|generator|interviewer|recruiter|moderator|storyteller|poet|chef|"
    r"helper|system|tool|machine|router|supervisor|orchestrator|guide|master|strategist|marketer|salesperson|physician|"
    r"nurse|historian|economist|mathematician|copilot|persona|character|concierge|representative|companion|annotator"
)

# Each entry: words of which one must occur (lower case; tested first, because it is fast), and the expression.
_STRONG: tuple[tuple[tuple[str, ...], str], ...] = (
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

_FOREIGN: tuple[tuple[tuple[str, ...], str], ...] = (
    # German
    (("du bist", "sie sind ein", "deine aufgabe", "ihre aufgabe", "beantworte", "antworte", "fasse ", "übersetze",
      "agiere als", "verhalte dich", "gegeben", "basierend auf", "kontext"),
     r"\b(?:du bist|sie sind) (?:nun |jetzt )?(?:ein|eine|der|die|mein|meine)\b|\b(?:deine|ihre) (?:aufgabe|rolle|"
     r"antwort)\b|"
     r"\b(?:beantworte|antworte|antworten sie|fasse|übersetze|extrahiere|klassifiziere|erstelle|schreibe|verwende|"
     r"nutze)n?"
     r"\b.{0,80}\b(?:frage|fragen|nur|text|kontext|zusammen|deutsch|folgende\w*|sätzen|ins|json)\b|"
     r"\b(?:agiere|verhalte dich) (?:als|wie)\b"),
    # Spanish
    (("eres un", "eres el", "eres la", "tu tarea", "su tarea", "actúa como", "actua como", "responde", "resume ",
      "traduce", "tu objetivo", "contexto", "usted es"),
     r"\b(?:eres|usted es) (?:un|una|el|la|mi)\b|\b(?:tu|su) (?:tarea|objetivo|función|trabajo|rol) (?:es|será)\b|"
     r"\bact[úu]a como\b|\b(?:responde|contesta|resume|traduce|extrae|clasifica|genera|escribe|utiliza|usa)\b.{0,80}\b"
     r"(?:pregunta|preguntas|siguiente|siguientes|texto|contexto|solo|sólo|únicamente|español|json)\b"),
    # French
    (("tu es un", "tu es le", "tu es l", "vous êtes un", "vous êtes l", "ta tâche", "votre tâche", "votre rôle",
    "ton rôle",
      "réponds", "répondez", "résume", "traduis", "traduisez", "contexte", "agis comme", "en tant qu"),
     r"\b(?:tu es|vous êtes) (?:maintenant )?(?:un|une|le|la|mon|l['’])|\b(?:ta|votre|ton) (?:tâche|rôle|mission|"
     r"objectif|"
     r"travail) (?:est|sera|consiste)\b|\bagis(?:sez)? (?:comme|en tant)|\b(?:réponds|répondez|répondre|résume[rz]?|"
     r"tradui(?:s|sez|re)|extrais|extrayez|classe[rz]?|rédige[rz]?|génère|générez|"
     r"utilise[rz]?)\b.{0,80}\b(?:question|questions|"
     r"suivante?s?|texte|contexte|uniquement|français|seulement|json)\b"),
    # Portuguese
    (("você é", "voce é", "voce e um", "sua tarefa", "seu objetivo", "aja como", "atue como", "responda", "resuma",
      "traduza", "contexto", "tu és"),
     r"\b(?:você é|voce (?:é|e)|tu és) (?:um|uma|o|a|meu)\b|\b(?:sua|seu) (?:tarefa|objetivo|função|papel) (?:é|"
     r"será)\b|"
     r"\b(?:aja|atue) como\b|\b(?:responda|resuma|traduza|extraia|classifique|gere|escreva|utilize|use)\b.{0,80}\b"
     r"(?:pergunta|perguntas|seguinte|seguintes|texto|contexto|apenas|somente|português|json)\b"),
    # Italian
    (("sei un", "il tuo compito", "il tuo ruolo", "agisci come", "comportati come", "rispondi", "riassumi", "traduci",
      "contesto", "il tuo obiettivo"),
     r"\bsei (?:un|uno|una|un['’]|il|la|l['’])\s*\w+|\bil tuo (?:compito|ruolo|obiettivo) (?:è|sarà)\b|\b(?:agisci|"
     r"comportati) "
     r"come\b|\b(?:rispondi|riassumi|traduci|estrai|classifica|genera|scrivi|utilizza|usa)\b.{0,80}\b(?:domanda|"
     r"domande|"
     r"seguente|seguenti|testo|contesto|solo|soltanto|italiano|json)\b"),
    # Dutch
    (("je bent een", "jij bent een", "u bent een", "jouw taak", "je taak", "uw taak", "beantwoord", "antwoord", "vat ",
      "vertaal", "gedraag je"),
     r"\b(?:je|jij|u) bent (?:nu )?(?:een|de|het|mijn)\b|\b(?:jouw|je|uw) (?:taak|rol|doel) is\b|\bgedraag je als\b|"
     r"\b(?:beantwoord|antwoord|vat|vertaal|gebruik|schrijf|genereer)\b.{0,80}\b(?:vraag|vragen|volgende|tekst|"
     r"context|alleen|"
     r"nederlands|samen|json)\b"),
    # Polish, Turkish, Indonesian, Vietnamese, Swedish
    (("jesteś", "twoim zadaniem", "odpowiedz", "sen bir", "görevin", "yanıtla", "cevapla", "anda adalah", "kamu adalah",
      "tugas anda", "jawab", "bạn là", "nhiệm vụ", "hãy ", "du är en", "din uppgift", "svara"),
     r"\bjesteś\b.{3,}|\btwoim zadaniem\b|\bodpowiedz na\b|\bsen (?:bir|yardımsever)\b.{3,}|\bgörevin\b|\b(?:yanıtla|"
     r"cevapla)|"
     r"\b(?:anda|kamu) adalah\b.{3,}|\btugas (?:anda|kamu)\b|"
     r"\bjawablah\b|bạn là (?:một|trợ|chuyên)|nhiệm vụ của bạn|"
     r"\bhãy (?:trả lời|viết|dịch|tóm tắt)|\bdu är (?:en|ett)\b|\bdin uppgift\b"),
    # Russian, Ukrainian
    (("ты ", "вы ", "твоя задача", "ваша задача", "ответь", "ответьте", "действуй как", "используй", "переведи", "ти ",
      "напиши"),
     r"(?:^|[.\n\"!])\s*(?:ты|вы|ти)\s*(?:[-—–]|являешься|являетесь|эксперт|помощник|полезный|опытный|ассистент|"
     r"асистент)|"
     r"(?:твоя|ваша) задача|(?:ответь(?:те)?|отвечай(?:те)?)\s+(?:на|только|кратко)|действуй(?:те)? как|"
     r"(?:используй(?:те)?|переведи(?:те)?|напиши(?:те)?|составь(?:те)?)\b.{0,80}\b(?:текст\w*|контекст\w*|вопрос\w*|"
     r"следующ\w*)"),
    # Hindi
    (("आप ", "आपका", "आपको", "तुम ", "प्रश्न", "उत्तर", "निम्न", "अनुवाद", "सारांश"),
     r"(?:आप|तुम) एक\s|आपका (?:कार्य|काम|लक्ष्य)|(?:प्रश्न|सवाल)\w*.{0,60}(?:उत्तर|जवाब) (?:दें|दो|दीजिए)|"
     r"निम्न\w*.{0,60}(?:करें|कीजिए|दें|लिखें)|(?:अनुवाद|सारांश).{0,30}(?:करें|दें|लिखें)"),
    # Arabic, Hebrew, Persian
    (("أنت ", "انت ", "مهمتك", "أجب", "لخص", "ترجم", "אתה ", "המשימה שלך", "ענה ", "شما یک", "تو یک", "وظیفه"),
     r"(?:أنت|انت) (?:مساعد|خبير|نموذج|طبيب|معلم|وكيل)|مهمتك|أجب (?:عن|على)|(?:لخص|ترجم) (?:النص|ما|هذا)|"
     r"אתה (?:עוזר|מומחה|סוכן)|המשימה שלך|ענה על|(?:شما|تو) یک|وظیفه (?:شما|تو)"),
    # Chinese
    (("你是", "您是", "你的任务", "你的任務", "请你", "請你", "请根据", "請根據", "根据以下", "根據以下", "回答问题",
    "回答問題",
    "扮演",
      "请回答", "請回答", "翻译", "翻譯", "总结", "總結", "请用", "請用", "请将", "请把", "請將", "作为一", "作為一",
      "以下是",
      "请以",
      "你将", "你需要", "請以", "已知信息", "上下文"),
     r"(?:你|您)(?:现在|現在)?是(?:一|个|個|名|位|专|專|我|由|资|資|精|经|經|友|智|AI|ai|GPT|"
     r"ChatGPT)|(?:你|您)的(?:任务|任務|角色|职责|職責|目标|目標)|"
     r"请(?:你|根据|回答|用|将|把|以|按|帮|从|对|生成|写|给|提取|仔细|分析|总结|翻译|扮演|作为)|請(?:你|"
     r"根據|回答|用|將|把|以|按|幫|從|對|生成|寫|給|提取|分析|總結|翻譯|扮演)|"
     r"根(?:据|據)(?:以下|下面|上述|给定|提供)|扮演|(?:回答|解答).{0,12}(?:问题|問題)|(?:翻译|"
     r"翻譯)(?:成|为|為|以下|下面)|(?:总结|總結)(?:以下|下面|这|這)|"
     r"作(?:为|為)一(?:个|個|名|位)|(?:你|您)(?:将|將|需要|必须|必須|应该|應該)|(?:已知信息|上下文)[:：]"),
    # Japanese
    (("あなたは", "あなたの", "ください", "下さい", "以下の", "回答し", "答えて", "要約", "翻訳"),
     r"あなたは.{1,40}(?:です|である|として)|あなたの(?:役割|仕事|タスク|目的)|(?:回答|答え|要約|翻訳|説明|"
     r"生成|出力|作成|抽出|分類|教え|書い|使用|考え)(?:して|て|え)?"
     r"(?:ください|下さい)|以下の.{1,60}(?:して|てください|に基づ|答え)|に基づいて"),
    # Korean
    (("당신은", "너는", "당신의", "답변", "대답", "다음", "요약", "번역"),
     r"(?:당신은|너는).{1,60}(?:입니다|이다|이야|야\b|로서|해야)|당신의 (?:역할|임무|작업|목표)|"
     r"(?:답변|대답|요약|번역|설명|작성|생성|출력|추출|분류)"
     r"(?:을|를)?\s*(?:해\s*주세요|하세요|해줘|하십시오|해라|하라)|다음.{1,60}(?:하세요|해\s*주세요|"
     r"해줘|하십시오|답|바탕으로)"),
)  # fmt: skip

_IMPERATIVE = re.compile(
    r"\s*(?:[#*>\-\d.)\s]*)(?:please |now |then |can you |could you |help me |let'?s |first,? )?(?:summari[sz]e|"
    r"translate|write|"
    r"rewrite|generate|extract|classify|explain|describe|list|create|given|answer|identify|analy[sz]e|compare|"
    r"provide|tell|"
    r"suggest|act|compose|draft|convert|determine|evaluate|find|give|make|respond|reply|return|output|produce|think|"
    r"imagine|"
    r"consider|read|review|plan|research|design|build|develop|solve|calculate|predict|paraphrase|rephrase|correct|"
    r"fix|improve|"
    r"categori[sz]e|complete|continue|decide|discuss|choose|select|use|based on|perform|recommend|rank|rate|score|"
    r"grade|"
    r"judge|check|verify|examine|assess|follow|ensure|convert|outline|brainstorm|teach|show|search|ask|help|keep|"
    r"do not|"
    r"don't|be |label|tag|detect|parse|reformat|simplify|expand|shorten|condense|assume|pretend|speak|interpret|"
    r"merge|combine|"
    r"organize|prepare|formulate|break down|synthesize|report|focus|avoid|always|never|only|put|state|what|how|why|"
    r"who|which|"
    r"when|where|is|are|does|do|should|i want|i need|i'm|i am)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\{\{?\s*[A-Za-z_][\w.\[\]'\"]*\s*(?:\|[^{}]*)?\}?\}|<<?[A-Za-z_ ]{3,40}>>?|\{\}|%\(\w+\)s|\{%"
)
_NAMED_PLACEHOLDER = re.compile(r"\{\{?\s*[A-Za-z_]\w*\s*\}?\}|%\([A-Za-z_]\w*\)s")
_TARGETED = re.compile(
    r"\b(?:following|below|above|sentence|paragraph|bullet|concise|json|format|question|answer|context|text|word|"
    r"summary|"
    r"user|customer|response|output|input|example|instructions?|step|tone|style)\b",
    re.IGNORECASE,
)


_READ = 3_000
_ROLES_GIVEN = (_STRONG[0], _STRONG[1], _STRONG[3])


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    """Compiled when a hint is met for the first time: most runs meet few of them."""
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def strong(text: str) -> int:
    """How many kinds of prompt wording the first 3,000 characters show."""
    text = text[:_READ]
    low = text.lower()
    count = _hits(_STRONG, low)
    return count or _hits(_FOREIGN, low)


def _hits(table: tuple[tuple[tuple[str, ...], str], ...], low: str) -> int:
    count = 0
    for hints, expression in table:
        for hint in hints:
            if hint in low:
                count += _compiled(expression).search(low) is not None
                break
    return count


def opens_with_role(text: str) -> bool:
    """True for "You are a ...", "Act as ..." and their like, in any of the languages."""
    low = text[:_READ].lower()
    return _hits(_ROLES_GIVEN, low) > 0 or _hits(_FOREIGN, low) > 0


def weak(text: str) -> bool:
    """True for an imperative or a question at the start, a placeholder, or talk of a format to answer in."""
    if _IMPERATIVE.match(text) or _PLACEHOLDER.search(text[:_READ]):
        return True
    return len({word.lower() for word in _TARGETED.findall(text[:_READ])}) >= 2


def imperative(text: str) -> bool:
    """True for a text that opens with an order or a question."""
    return _IMPERATIVE.match(text) is not None


def openings() -> tuple[str, ...]:
    """Lower-case ASCII words of which one occurs in every ASCII text that opens with a role, for a look at a whole
    file."""
    return (
        "you are ", "you're ", "act as", "your task", "your job", "your role", "your goal", "pretend ", "imagine you",
        "du bist", "sie sind ein", "eres un", "tu tarea", "tu es un", "tu es le", "sua tarefa", "aja como", "sei un",
        "agisci come", "je bent een", "u bent een", "jouw taak", "sen bir", "anda adalah", "kamu adalah",
    )  # fmt: skip


def foreign_hints() -> tuple[str, ...]:
    """The same for texts with letters beyond ASCII."""
    return tuple(dict.fromkeys(h for hints, _ in _FOREIGN for h in hints))


def foreign(text: str) -> bool:
    """True for prompt wording in another language than English."""
    return _hits(_FOREIGN, text[:_READ].lower()) > 0


def has_placeholder(text: str) -> bool:
    """True when the text has a hole to fill: `{x}`, `{{ x }}`, `%(x)s`, `<x>`."""
    return _PLACEHOLDER.search(text[:_READ]) is not None


def has_named_placeholder(text: str) -> bool:
    """True when the text has a hole with a name: `{question}`, `{{ question }}`, `%(question)s`."""
    return _NAMED_PLACEHOLDER.search(text[:_READ]) is not None


def without_placeholders(text: str) -> str:
    """What is left when the named holes are taken out."""
    return _NAMED_PLACEHOLDER.sub(" ", text[:_READ])
