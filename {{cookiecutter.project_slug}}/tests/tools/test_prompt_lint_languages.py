"""Prompts in other languages than English: sent, named, or recognised by their wording; and prose that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.findings import Finding
from tools.prompt_lint.inspection import inspect

PROMPTS = {
    "German": "Beantworte die Frage ausschließlich mit Hilfe der Quellen. Steht die Antwort nicht darin, sage es.",
    "French": "Tu es un assistant juridique. Tu réponds avec courtoisie et tu cites les articles de loi.",
    "Spanish": "Responde solamente con la información del contexto. Si no está ahí, di que no lo sabes.",
    "Italian": "Il tuo compito è controllare le fatture e segnalare gli errori in formato JSON.",
    "Portuguese": "Você é um assistente de atendimento ao cliente. Responda sempre com frases curtas.",
    "Dutch": "Je bent een vriendelijke medewerker van de klantenservice en antwoordt in korte zinnen.",
    "Polish": "Streść poniższy tekst w trzech zdaniach i zachowaj ważne liczby: {tekst}",
    "Czech": "Odpověz na otázku pouze podle kontextu. Pokud tam odpověď není, řekni, že nevíš.",
    "Swedish": "Sammanfatta följande text i tre meningar och behåll de viktiga siffrorna: {text}",
    "Danish": "Opsummer følgende tekst i tre sætninger, og behold de vigtige tal: {tekst}",
    "Finnish": "Olet kohtelias asiakaspalvelun avustaja. Vastaa aina lyhyesti ja selkeästi, kiitos.",
    "Hungarian": "Te egy udvarias ügyfélszolgálati munkatárs vagy, és mindig röviden, érthetően felelsz.",
    "Romanian": "Ești un asistent politicos pentru clienți. Răspunde la întrebări doar din context.",
    "Greek": "Είσαι ένας ευγενικός βοηθός εξυπηρέτησης πελατών. Απάντα πάντα σύντομα και καθαρά.",
    "Russian": "Отвечай на вопрос только по приведённому контексту. Если ответа нет, скажи, что не знаешь.",
    "Ukrainian": "Відповідай на запитання лише за наведеним контекстом. Якщо відповіді немає, так і скажи.",
    "Turkish": "Sen yeni başlayanlara riskleri anlatan deneyimli bir uzmansın ve kısa cümleler kurarsın.",
    "Indonesian": "Anda adalah asisten layanan pelanggan yang sopan. Selalu jawab dengan kalimat pendek.",
    "Vietnamese": "Bạn là một trợ lý chăm sóc khách hàng lịch sự. Hãy luôn trả lời ngắn gọn, rõ ràng.",
    "Chinese": "只能根据给出的资料回答问题。如果资料中没有答案，就说不知道。",
    "Japanese": "次の文章を三文で要約し、重要な数字を残してください：{text}",
    "Korean": "주어진 자료만 사용하여 질문에 답하세요. 답이 없으면 모른다고 말하세요.",
    "Thai": "คุณคือผู้ช่วยฝ่ายบริการลูกค้าที่สุภาพ ตอบสั้น ๆ เสมอ",
    "Arabic": "أنت مساعد لطيف في خدمة العملاء. أجب دائمًا بجمل قصيرة ومهذبة.",
    "Hebrew": "ענה על השאלה רק לפי ההקשר. אם התשובה אינה שם, אמור שאינך יודע.",
    "Persian": "شما یک دستیار مودب پشتیبانی مشتری هستید. همیشه کوتاه پاسخ دهید.",
    "Hindi": "आप एक विनम्र ग्राहक सेवा सहायक हैं। हमेशा छोटे वाक्यों में उत्तर दें।",
}
EACH = [pytest.param(text, id=language) for language, text in PROMPTS.items()]
ORDINARY = {
    "German error": "Die Datei konnte nicht geöffnet werden. Bitte prüfen Sie den Pfad und die Rechte des Kontos.",
    "French notice": "Votre commande a été enregistrée. Vous recevrez un message quand elle sera expédiée.",
    "Spanish help": "El archivo de configuración se lee al arrancar; los cambios piden reiniciar el servicio.",
    "Polish notice": "Twoje konto zostało utworzone. Na podany adres wysłaliśmy wiadomość z odnośnikiem.",
    "Russian label": "Настройки сохранены. Изменения вступят в силу после перезапуска службы на сервере.",
    "Japanese field": "ユーザー名とパスワードを入力してから、ログインボタンを押してください。",
    "Chinese field": "文件已经保存成功，修改将在服务重新启动之后生效，无需其他操作。",
    "Korean field": "설정이 저장되었습니다. 변경 사항은 서비스를 다시 시작한 후에 적용됩니다.",
    "Arabic notice": "تم حفظ الإعدادات. ستصبح التغييرات سارية بعد إعادة تشغيل الخدمة على الخادم.",
}


def prompts_in(code: str, folder: Path) -> list[Finding]:
    file = folder / "a.py"
    file.write_text(code, encoding="utf-8")
    found = inspect([file], Configuration(folder), jobs=1).findings
    return [f for f in found if f.rule == "hardcoded_prompt"]


@pytest.mark.feature("N6")
@pytest.mark.parametrize("text", EACH)
def test_what_is_sent_is_found(text: str, tmp_path: Path) -> None:
    """The dataflow does not read: a text that reaches a call is found in any language."""
    assert prompts_in(f"import openai\nx = {text!r}\nclient.responses.create(model=m, input=x)\n", tmp_path)


@pytest.mark.feature("N6")
@pytest.mark.parametrize("text", EACH)
def test_what_is_called_a_prompt_is_found(text: str, tmp_path: Path) -> None:
    """A constant called a prompt in a module that shows no other sign of a model."""
    assert prompts_in(f"SUPPORT_PROMPT = {text!r}\n", tmp_path)


@pytest.mark.feature("N6")
@pytest.mark.parametrize("text", EACH)
def test_what_reads_like_one_is_found_beside_a_model(text: str, tmp_path: Path) -> None:
    """Neither sent nor named, in a file that imports a provider's SDK."""
    assert prompts_in(f"import openai\nx = {text!r}\n", tmp_path)


@pytest.mark.parametrize("text", [pytest.param(text, id=kind) for kind, text in ORDINARY.items()])
@pytest.mark.parametrize("before", ["", "import openai\n"], ids=["anywhere", "beside a model"])
def test_ordinary_prose_is_none(before: str, text: str, tmp_path: Path) -> None:
    """What a program says to people in their language is no prompt, even where the program talks to models."""
    assert prompts_in(f"{before}NOTICE = {text!r}\n", tmp_path) == []
