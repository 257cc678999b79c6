"""Wording of prompts in other languages than English: a table like that of `wording_english`.

Three things every language says to a model: who it is, what it has to do, and from what it may answer. An order alone
("responde") is ordinary prose, so it counts only beside what it is about ("pregunta", "siguiente", "contexto").
"""

from __future__ import annotations

from tools.prompt_lint.wording_english import Table

LANGUAGES: Table = (
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
    # Polish, Czech and Slovak
    (("jesteś", "twoim zadaniem", "odpowiedz", "odpowiadaj", "streść", "podsumuj", "przetłumacz"),
     r"\bjesteś\b.{3,}|\btwoim zadaniem\b|\bodpowi(?:edz|adaj)\b.{0,80}\b(?:pytani\w*|tylko|wyłącznie|kontek\w*|"
     r"krótko|po polsku)|\b(?:streść|podsumuj|przetłumacz|sklasyfikuj)\b.{0,80}\b(?:tekst\w*|poniższ\w*|"
     r"następując\w*|artyku\w*)"),
    (("jsi ", "tvým úkolem", "tvojou úlohou", "odpověz", "odpovídej", "odpovedz", "shrň", "zhrň", "přelož", "prelož"),
     r"\bjsi(?: [\w,]+){0,4} (?:asistent\w*|expert\w*|pomocník|odborník|specialista)|tvým úkolem|tvojou úlohou|"
     r"\b(?:odpověz|odpovídej|odpovedz|odpovedaj)\b.{0,80}\b(?:otázk\w*|pouze|jen|vždy|kontext\w*|podle)|"
     r"\b(?:shrň|zhrň|přelož|prelož)\b.{0,60}\b(?:text\w*|následující\w*|nasledujúc\w*)"),
    # Turkish
    (("sen ", "görevin", "yanıtla", "cevapla", "cevap ver", "özetle", "çevir"),
     r"\bsen (?:bir|yardımsever)\b.{3,}|\bsen (?:\w+ ){1,7}\w*(?:sın|sin|sun|sün)\b|\bgörevin\b|\b(?:yanıtla|cevapla)|"
     r"\bher zaman\b.{0,40}\bcevap ver|\b(?:aşağıdaki|verilen)\b.{0,60}\b(?:özetle|çevir|sınıflandır|analiz et)"),
    # Indonesian and Malay, Vietnamese
    (("anda adalah", "kamu adalah", "tugas anda", "tugas kamu", "jawab", "ringkas", "rangkum", "terjemahkan"),
     r"\b(?:anda|kamu) adalah\b.{3,}|\btugas (?:anda|kamu)\b|\bjawablah\b|\bjawab\b.{0,60}\b(?:pertanyaan|hanya|"
     r"berdasarkan|konteks|singkat)|\b(?:ringkas|rangkum|terjemahkan)(?:lah)?\b.{0,60}\b(?:teks|berikut|kalimat)\b"),
    (("bạn là", "nhiệm vụ", "hãy ", "trả lời", "dựa trên", "dựa vào"),
     r"bạn là (?:một|trợ|chuyên)|nhiệm vụ của bạn|\bhãy (?:luôn )?(?:trả lời|viết|dịch|tóm tắt)|trả lời câu hỏi|"
     r"dựa (?:trên|vào) (?:ngữ cảnh|văn bản|thông tin|đoạn)"),
    # Swedish, Danish and Norwegian, Finnish
    (("du är en", "du är ett", "din uppgift", "svara", "sammanfatta", "översätt", "du er en", "du er et", "opsummer",
      "oppsummer", "oversæt", "oversett", "besvar"),
     r"\bdu är (?:en|ett)\b|\bdin uppgift\b|\b(?:sammanfatta|översätt|svara)\b.{0,60}\b(?:text\w*|följande|frågan|"
     r"endast|enbart|alltid|svenska)|\bdu er (?:en|et)\b.{3,}|\b(?:opsummer|oppsummer|oversæt|oversett|besvar)\b"
     r".{0,60}\b(?:tekst\w*|følgende|spørgsmål\w*|spørsmål\w*)"),
    (("olet ", "tehtäväsi", "vastaa ", "tiivistä", "käännä"),
     r"\bolet(?: \w+){0,3} (?:avustaja|asiantuntija|tekoäly)\w*|\btehtäväsi (?:on|ovat)\b|"
     r"\bvastaa (?:kysymykseen|vain|aina)|\b(?:tiivistä|käännä) seuraava"),
    # Hungarian, Romanian
    (("te egy", "a feladatod", "válaszolj", "foglald össze", "fordítsd le"),
     r"\bte egy\b.{3,}|\ba feladatod\b|\bválaszolj\b.{0,60}\b(?:kérdés\w*|csak|kizárólag|mindig|alapján)|"
     r"\b(?:foglald össze|fordítsd le)\b"),
    (("ești ", "eşti ", "sarcina ta", "răspunde", "rezumă", "traduce"),
     r"\be[sșş][tțţ]i (?:un|o)\b.{3,}|\bsarcina ta\b|\brăspunde\b.{0,60}\b(?:întreb\w*|doar|numai|context\w*)|"
     r"\b(?:rezumă|traduce)\b.{0,40}\b(?:textul|următor\w*)"),
    # Greek
    (("είσαι ", "ο στόχος σου", "απάντησε", "απάντα", "συνόψισε", "μετάφρασε"),
     r"είσαι (?:ένας|μια|μία|ο|η)\b|ο στόχος σου|(?:απάντησε|απάντα)\b.{0,60}(?:ερώτηση|μόνο|πάντα|βάση)|"
     r"(?:συνόψισε|μετάφρασε)\b.{0,40}(?:κείμενο|παρακάτω|ακόλουθο)"),
    # Russian, Ukrainian
    (("ты ", "вы ", "твоя задача", "ваша задача", "ответь", "отвечай", "действуй как", "используй", "переведи",
      "напиши", "перескажи", "резюмируй", "обобщи", "суммируй"),
     r"(?:^|[.\n\"!])\s*(?:ты|вы)\s*(?:[-—–]|являешься|являетесь|эксперт|помощник|полезный|опытный|ассистент)|"
     r"(?:твоя|ваша) задача|(?:ответь(?:те)?|отвечай(?:те)?)\s+(?:на|только|кратко)|действуй(?:те)? как|"
     r"(?:используй|переведи|напиши|составь|перескажи|резюмируй|обобщи|суммируй|классифицируй)(?:те)?\b.{0,80}\b"
     r"(?:текст\w*|контекст\w*|вопрос\w*|следующ\w*|предложени\w*)"),
    (("ти ", "ви ", "твоє завдання", "ваше завдання", "відповідай", "дай відповідь", "перекажи", "підсумуй",
      "переклади", "узагальни"),
     r"(?:^|[.\n\"!])\s*(?:ти|ви)\s*(?:[-—–]|є|експерт|помічник|асистент)|(?:твоє|ваше) завдання|"
     r"відповідай(?:те)?\s+(?:на|лише|тільки|коротко)|(?:перекажи|підсумуй|переклади|узагальни)(?:те)?\b.{0,80}\b"
     r"(?:текст\w*|контекст\w*|наступн\w*|запитанн\w*|речен\w*)"),
    # Hindi
    (("आप ", "आपका", "आपको", "तुम ", "प्रश्न", "उत्तर", "निम्न", "अनुवाद", "सारांश"),
     r"(?:आप|तुम) एक\s|आपका (?:कार्य|काम|लक्ष्य)|(?:प्रश्न|सवाल)\w*.{0,60}(?:उत्तर|जवाब) (?:दें|दो|दीजिए)|"
     r"निम्न\w*.{0,60}(?:करें|कीजिए|दें|लिखें)|(?:अनुवाद|सारांश).{0,30}(?:करें|दें|लिखें)"),
    # Arabic, Hebrew, Persian
    (("أنت ", "انت ", "مهمتك", "أجب", "لخص", "ترجم", "אתה ", "המשימה שלך", "ענה ", "סכם ",
      "תרגם ", "شما یک", "تو یک", "وظیفه", "پاسخ", "خلاصه", "ترجمه", "آپ ایک"),
     r"(?:أنت|انت) (?:مساعد|خبير|نموذج|طبيب|معلم|وكيل)|مهمتك|أجب (?:عن|على)|(?:لخص|ترجم) (?:النص|ما|هذا)|"
     r"אתה (?:עוזר|מומחה|סוכן)|המשימה שלך|(?:ענה|ענו) (?:על|תמיד|רק)|(?:סכם|תרגם|נתח) את|"
     r"(?:شما|تو) یک|وظیفه (?:شما|تو)|پاسخ (?:بده|دهید)|(?:خلاصه|ترجمه) (?:کن|کنید)\b|آپ ایک"),
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
    (("あなたは", "あなたの", "ください", "下さい", "以下の", "回答し", "答えて", "要約", "翻訳", "次の", "に基づ"),
     r"あなたは.{1,40}(?:です|である|として)|あなたの(?:役割|仕事|タスク|目的)|(?:回答|答え|要約|翻訳|説明|"
     r"生成|出力|作成|抽出|分類|教え|書い|使用|考え)(?:して|て|え)?"
     r"(?:ください|下さい)|以下の.{1,60}(?:して|てください|に基づ|答え)|に基づいて|"
     r"次の.{1,60}(?:要約|翻訳|分類|説明|抽出|答え|回答)|(?:資料|文脈|コンテキスト|情報)(?:だけ|のみ)"),
    # Korean
    (("당신은", "너는", "당신의", "답변", "대답", "다음", "요약", "번역", "질문에", "주어진"),
     r"(?:당신은|너는).{1,60}(?:입니다|이다|이야|야\b|로서|해야)|당신의 (?:역할|임무|작업|목표)|"
     r"(?:답변|대답|요약|번역|설명|작성|생성|출력|추출|분류)"
     r"(?:을|를)?\s*(?:해\s*주세요|하세요|해줘|하십시오|해라|하라)|다음.{1,60}(?:하세요|해\s*주세요|"
     r"해줘|하십시오|답|바탕으로)|"
     r"질문에.{0,30}(?:답하세요|답해|답하십시오)|주어진.{1,40}(?:사용|바탕|기반|근거)"),
    # Thai, Bengali
    (("คุณคือ", "คุณเป็น", "หน้าที่ของคุณ", "ตอบคำถาม", "สรุป", "แปล", "আপনি একজন", "তুমি একজন", "উত্তর দিন"),
     r"คุณ(?:คือ|เป็น)(?:ผู้|นัก)|หน้าที่ของคุณ|ตอบคำถาม|สรุป(?:ข้อความ|เนื้อหา|บทความ)|แปล(?:ข้อความ|เป็นภาษา)|"
     r"(?:আপনি|তুমি) একজন|প্রশ্নের উত্তর দিন"),
)  # fmt: skip
