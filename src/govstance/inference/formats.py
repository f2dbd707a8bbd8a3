"""Files that hold one document each, to plain text: .txt, .md, .html, .pdf, .docx.

The libraries for the last three are imported when first needed and belong to the extra `documents`.
"""

import codecs
import importlib
import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from charset_normalizer import from_bytes
from markdown_it import MarkdownIt

from govstance.errors import GovstanceError
from govstance.schema import is_iso_date
from govstance.text.language import detect_language

UTF_8, UTF_16 = "utf-8-sig", "utf-16"
# Enough to tell an encoding by, and little enough for memory.
SAMPLE_BYTES = 2**19
# Tried where a text is no UTF-8, each the commonest of its script; the first wins a tie.
ENCODINGS = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "shift_jis",
    "gb18030",
    "big5",
    "euc_kr",
)
# The languages that are written in them; all others with Latin letters are in the first of ENCODINGS.
LATIN_ENCODINGS = {
    "cp1252": (),
    "cp1250": ("pl", "cs", "sk", "hu", "ro", "hr", "sl", "bs", "sr", "sq"),
    "cp1254": ("tr", "az"),
}
FRONT_MATTER = re.compile(r"---\s*\n(.*?)\n---\s*\n", re.DOTALL)
# A word cut at the end of a line, a line that goes on, and a line of a page number alone.
HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[^\W\d_])")
LINE_END = re.compile(r"(?<!\n)[ \t]*\n(?!\s*\n)[ \t]*")
PAGE_NUMBER = re.compile(r"(?m)^[ \t]*[-–]?[ \t]*\d{1,4}[ \t]*[-–]?[ \t]*$\n?")


@dataclass(frozen=True)
class Extracted:
    """What a file holds.

    Attributes:
        text: Plain text; evidence offsets count its characters.
        date: ISO day that the file gives as its own, or None.
        pages: Where each page starts in the text; empty for a format without pages.
        note: What the reader should be told, or None.
    """

    text: str
    date: str | None = None
    pages: tuple[int, ...] = ()
    note: str | None = None


def extract(path: Path) -> Extracted:
    """The text of one file.

    Raises:
        GovstanceError: There is no text in it, it is damaged, or its library is not installed; the message is the
            reason alone, without the file's name.
    """
    extracted = EXTRACTORS[path.suffix.lower()](path.read_bytes())
    if not extracted.text.strip():
        raise GovstanceError("expected a text, found nothing but white space.")
    return extracted


def decoded(data: bytes) -> tuple[str, str | None]:
    """Bytes as text, and a note where they are no UTF-8 and their encoding is a guess.

    Raises:
        GovstanceError: They are no text.
    """
    encoding, note = encoding_of(data)
    return data.decode(encoding, errors="replace" if encoding == UTF_16 else "strict"), note


def encoding_of(data: bytes) -> tuple[str, str | None]:
    """How bytes are to be decoded, and a note where that is a guess.

    Raises:
        GovstanceError: They are no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return UTF_16, None
    try:
        data.decode(UTF_8)
        return UTF_8, None
    except UnicodeDecodeError as error:
        problem = f"expected UTF-8, found {error.reason} at byte {error.start}"
    if b"\x00" in data:
        raise GovstanceError(f"{problem}, and bytes of value 0: this is no text.")
    matches = list(from_bytes(data, cp_isolation=list(ENCODINGS)))
    if not matches:
        raise GovstanceError(f"{problem}, and no other encoding that fits.")
    best = min(matches, key=lambda match: (match.chaos, -match.coherence, ENCODINGS.index(match.encoding)))
    encoding = best.encoding
    if encoding in LATIN_ENCODINGS:
        # These differ in a few letters, which is too little to go by; the language is known with most letters right.
        lang = detect_language(data.decode(encoding, errors="replace"))
        wanted = next((name for name, languages in LATIN_ENCODINGS.items() if lang in languages), ENCODINGS[0])
        fitting = {name for match in matches for name in (match.encoding, *match.could_be_from_charset)}
        encoding = wanted if wanted in fitting else encoding
    return encoding, f"no UTF-8: read as {encoding}, which is a guess"


def encoding_of_file(path: Path) -> tuple[str, str | None]:
    """As `encoding_of` for a file of any size: the part round its first byte that is no UTF-8 decides.

    Raises:
        GovstanceError: It is no text.
    """
    decoder = codecs.getincrementaldecoder(UTF_8)()
    with path.open("rb") as stream:
        start = 0
        while True:
            part = stream.read(SAMPLE_BYTES)
            if start == 0 and part.startswith((b"\xff\xfe", b"\xfe\xff")):
                return UTF_16, None
            try:
                decoder.decode(part, final=not part)
            except UnicodeDecodeError:
                stream.seek(max(0, start - SAMPLE_BYTES))
                return encoding_of(stream.read(2 * SAMPLE_BYTES))
            if not part:
                return UTF_8, None
            start += len(part)


def _plain(data: bytes) -> Extracted:
    text, note = decoded(data)
    return Extracted(text, note=note)


def _markdown(data: bytes) -> Extracted:
    """The words without the marks; a date in YAML front matter is the document's."""
    text, note = decoded(data)
    date = None
    front = FRONT_MATTER.match(text)
    if front:
        try:
            fields = yaml.safe_load(front.group(1))
        except yaml.YAMLError:
            fields = None
        if isinstance(fields, dict):
            text = text[front.end() :]
            date = str(fields.get("date", ""))[:10]
    blocks = []
    for token in MarkdownIt().parse(text):
        if token.type == "inline":
            words = {"softbreak": " ", "hardbreak": "\n", "image": ""}
            blocks.append("".join(words.get(child.type, child.content) for child in token.children or ()))
    return Extracted("\n\n".join(blocks), date=date if is_iso_date(date) else None, note=note)


def _html(data: bytes) -> Extracted:
    """The article of a page, without menus and comments.

    Source: Barbaresi 2021, Trafilatura: A Web Scraping Library and Command-Line Tool for Text Discovery and Extraction.
    """
    trafilatura = _library("trafilatura")
    page = trafilatura.bare_extraction(
        data,
        with_metadata=True,
        include_comments=False,
        # A date must be given as the page's; one found anywhere in it is too often another.
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    if page is None or not (page.text or "").strip():
        raise GovstanceError("expected a page with an article, found no running text in it.")
    text = page.text.replace("\n", "\n\n")
    if page.title and page.title not in text[: 2 * len(page.title)]:
        text = f"{page.title}\n\n{text}"
    return Extracted(text, date=page.date if is_iso_date(page.date) else None)


def _pdf(data: bytes) -> Extracted:
    """The text of all pages; lines are joined, since a PDF breaks them where the page does."""
    pypdf = _library("pypdf")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it can't read is in the error
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        pages = [PAGE_NUMBER.sub("", page.extract_text()) for page in reader.pages]
    except Exception as error:  # what a damaged file raises has no common class
        raise GovstanceError(f"expected a PDF that pypdf can read, found: {error or type(error).__name__}.") from error
    if not any(page.strip() for page in pages):
        raise GovstanceError(f"expected text, found {len(pages)} pages without any: scans need OCR first.")
    starts, parts, length = [], [], 0
    for page in pages:
        starts.append(length)
        # A sentence may go on over the page, so a page's end is no paragraph.
        parts.append(LINE_END.sub(" ", HYPHENATED.sub("", page.strip())) + " ")
        length += len(parts[-1])
    return Extracted("".join(parts), pages=tuple(starts))


def _docx(data: bytes) -> Extracted:
    """Paragraphs and the cells of tables, in their order. Its own date is left alone: templates carry one too."""
    docx = _library("docx")
    try:
        document = docx.Document(io.BytesIO(data))
    except Exception as error:  # a file that is no archive, or an archive that is no document: of many classes
        raise GovstanceError(f"expected a Word document, found: {error or type(error).__name__}.") from error
    blocks: list[str] = []
    for block in document.iter_inner_content():
        rows: Any = getattr(block, "rows", None)
        if rows is None:
            blocks.append(block.text)
        else:
            blocks += [cell.text for row in rows for cell in row.cells]
    return Extracted("\n\n".join(text for text in blocks if text.strip()))


def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise GovstanceError(
            f"the package {'python-docx' if name == 'docx' else name} is needed and can't be imported: {error}. "
            "Mend it with: pip install --constraint constraints.txt --editable '.[documents]'"
        ) from None


EXTRACTORS: dict[str, Callable[[bytes], Extracted]] = {
    ".txt": _plain,
    ".md": _markdown,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
}
