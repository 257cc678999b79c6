"""Reading the corpus: titles, front matter, languages, and files that are not text."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.data import documents
from app.errors import InputError


@pytest.mark.parametrize(
    ("content", "title"),
    [
        pytest.param("---\ntitle: From the front\n---\n# Heading\n\nText.", "From the front", id="front matter"),
        pytest.param("Intro.\n\n# A heading #\n\nText.", "A heading", id="first top heading"),
        pytest.param("```\n# a comment\n```\n\nText.", "Reset your password", id="file name"),
        pytest.param("## Only a second level\n\nText.", "Reset your password", id="no top heading"),
    ],
)
def test_the_title_comes_from_the_best_source(content: str, title: str) -> None:
    """Front matter before the first top heading before the file name; a comment in code is no heading."""
    assert documents.read("account/reset-your_password.md", content.encode()).title == title


def test_front_matter_becomes_filters_groups_and_language() -> None:
    """Known keys have their meaning, the others are metadata, with the folder added."""
    content = "---\nlang: de-CH\ngroups: [staff, board]\ntags: [a, 2]\nreviewed: 2025-02-17\n---\r\nText.\r\nMore.\r\n"

    document = documents.read("billing/fees.md", content.encode())

    assert document.language == "german"
    assert document.groups == ("staff", "board")
    assert document.metadata == {"folder": "billing", "tags": ["a", "2"], "reviewed": "2025-02-17"}
    assert document.text == "Text.\nMore.\n"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The invoice is sent to the customer and you can pay it with a card.", "english"),
        ("Die Rechnung wird an den Kunden geschickt und ist mit Karte zu bezahlen.", "german"),
        ("La factura se envía al cliente y la puede pagar con una tarjeta.", "spanish"),
        ("Facture invoice Rechnung 4711", "simple"),
        ("Fakturaen sendes til kunden efter købet, og den kan ikke ændres, når den er betalt.", "danish"),
        ("Fakturaen sendes til kunden etter kjøpet, og den kan ikke endres når den er betalt av kunden.", "norwegian"),
        ("Fakturan skickas till kunden efter köpet och kan inte ändras när den är betald.", "swedish"),
        ("Lasku on lähetettävä asiakkaalle, ja se on maksettava ennen kuin se on myöhässä.", "finnish"),
        ("A számlát az ügyfélnek kell elküldeni, és nem lehet módosítani, ha már van fizetés.", "hungarian"),
        ("Factura este trimisă la client și nu poate fi schimbată după ce este plătită cu cardul.", "romanian"),
        ("Faktur dikirim ke pelanggan dan tidak dapat diubah jika pembayaran untuk itu ada.", "indonesian"),
        ("Fatura müşteriye gönderilir ve ödeme için bir kart ile daha sonra da ödenir.", "turkish"),
        ("Το τιμολόγιο αποστέλλεται στον πελάτη και δεν είναι δυνατόν να αλλάξει από το σύστημα.", "greek"),
        ("ورشة العمل مفتوحة من الأحد إلى الخميس في كل أسبوع", "arabic"),
        ("Счёт отправлен клиенту, и он не может быть оплачен с карты на сайте.", "russian"),
    ],
)
def test_the_language_is_recognised_or_left_open(text: str, language: str) -> None:
    """Function words decide; without them nothing is guessed."""
    assert documents.read("a.md", text.encode()).language == language


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("a.md", "---\nlanguage: he\n---\nInvoice 4711", "he"),
        ("a.md", "---\nlang: zh-CN\n---\nInvoice 4711", "zh"),
        ("a.html", '<html lang="pl"><body>Faktura 4711</body></html>', "pl"),
        ("a.txt", "יש להחליף את המסנן כל שלושה חודשים", "he"),
        ("a.txt", "Faktura jest wysyłana do klienta i nie można jej zmienić po zapłaceniu, to jest ważne.", "pl"),
        ("a.txt", "Faktura se posílá zákazníkovi a po zaplacení je možné ji změnit, ale jen v systému.", "cs"),
        ("a.txt", "Рахунок надсилається клієнту, і після оплати його не можна змінити, що є важливо.", "uk"),
        ("a.txt", "فاکتور برای مشتری فرستاده می شود و پس از پرداخت آن را تغییر نمی دهند، این مهم است.", "fa"),
        ("a.txt", "フィルターは三か月ごとに交換してください。", "ja"),
    ],
)
def test_a_language_without_stems_is_known_all_the_same(name: str, text: str, code: str) -> None:
    """Its words are found as they are written, and the documents gate sees its code, so that it has nothing to ask."""
    document = documents.read(name, text.encode())

    assert (document.language, document.metadata["language"]) == ("simple", code)
    assert documents.Corpus((document,), ()).rows()[0]["language"] == code


def test_the_text_goes_before_what_a_page_says_of_its_language() -> None:
    """Templates of pages say `en` whatever is written into them."""
    page = (
        b'<html lang="en"><body>Die Rechnung wird an den Kunden geschickt und ist mit Karte zu bezahlen.</body></html>'
    )

    assert documents.read("a.html", page).language == "german"


def test_characters_that_a_terminal_obeys_are_no_text() -> None:
    """Escape sequences of a document do nothing on the screen of who reads an answer; line ends stay."""
    document = documents.read("a.md", b"# Title\x1b[2J\r\n\r\nOne\x07\ttwo\x0cthree\xc2\x9b")

    assert document.title == "Title[2J"
    assert document.text == "# Title[2J\n\nOne\ttwo\nthree"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"GIF89a\0\x01", "logo.md is not a text file .NUL byte at offset 6.: .* UTF-8 text", id="binary"),
        pytest.param("größer".encode("latin-1"), "logo.md is not UTF-8 .byte 0xf6 at offset 2.: save it", id="latin-1"),
        pytest.param(b"---\na: [\n---\nText", "logo.md has front matter that is not YAML", id="front matter"),
        pytest.param(
            b"---\nlang: klingon\n---\nText", "logo.md declares the unknown language 'klingon'", id="language"
        ),
        pytest.param(
            b"---\ndate: 2025-02-30\n---\nText", "logo.md has front matter that is not YAML .day is", id="day"
        ),
        pytest.param(b"---\ngroups: true\n---\nText", "logo.md has the groups True: write names", id="groups"),
        pytest.param(b"---\ngroups:\n---\nText", "logo.md has the groups None: write names", id="no groups"),
        pytest.param(b"---\na: &a [x]\nb: [*a, *a]\n---\nText", "logo.md has front matter that refers", id="bomb"),
        pytest.param(b"---\na: " + b"[" * 5000 + b"\n---\nText", "logo.md has front matter that nests", id="depth"),
        pytest.param(b'---\ntitle: "a\\0b"\n---\nText', r"front matter with the character U\+0000", id="nul"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_with_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    """Reading names the file and says what to do; a load lists it and goes on, so that all of them are seen at once."""
    (tmp_path / "logo.md").write_bytes(content)
    (tmp_path / "sound.md").write_text("# Sound")

    with pytest.raises(InputError, match=message) as raised:
        documents.read("logo.md", content)
    corpus = documents.load(tmp_path)

    assert "\n" not in str(raised.value)
    assert [(refusal.path, refusal.reason) for refusal in corpus.refused] == [
        ("logo.md", str(raised.value).removeprefix("logo.md "))
    ]
    assert [document.id for document in corpus.documents] == ["sound.md"]


def test_empty_and_foreign_files_are_listed_with_the_reason(tmp_path: Path) -> None:
    """They are left out, never silently; hidden files are not ours."""
    (tmp_path / "good.md").write_text("\ufeff# Good\n\nText.", encoding="utf-8")
    (tmp_path / "empty.md").write_text("---\ntitle: Nothing\n---\n\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\0")
    (tmp_path / ".hidden.md").write_bytes(b"\0")

    corpus = documents.load(tmp_path)

    assert [(d.id, d.title) for d in corpus.documents] == [("good.md", "Good")]
    assert [(r.path, r.reason.split(":")[0]) for r in corpus.refused] == [
        ("empty.md", "empty"),
        ("logo.png", ".png suffix"),
    ]
    assert [row["characters"] for row in corpus.rows()] == [0, 13, 0]


def test_a_missing_folder_is_explained(tmp_path: Path) -> None:
    """The setting to change is named."""
    with pytest.raises(InputError, match=r"set retrieval\.corpus"):
        documents.load(tmp_path / "nowhere")
