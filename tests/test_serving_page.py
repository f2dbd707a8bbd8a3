"""The page of the server in a real browser, before a stand-in of the server."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from page_stand_in import ARTICLE, FAILURES, HEDGED, OTHERWISE, PAGE, SAID, TARGETS, stance, stances_of, stand_in
from playwright.sync_api import expect, sync_playwright
from test_serving import Keywords, running_server

LANGUAGES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (PAGE / "languages").glob("*.json")}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# A machine with much else to do takes its time; a test that fails waits this long.
expect.set_options(timeout=20_000)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def server():
    with stand_in() as started:
        yield started


@pytest.fixture
def page(browser, server):
    """The page in English, as on a desktop; a request to anywhere else, or an error in the console, fails the test."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    opened = context.new_page()
    address = f"http://127.0.0.1:{server.server_port}"
    elsewhere, errors = [], []
    opened.on(
        "request", lambda request: None if request.url.startswith((address, "blob:")) else elsewhere.append(request.url)
    )
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(f"{address}/")
    opened.wait_for_selector("body[data-ready]")
    yield opened
    assert (elsewhere, errors) == ([], [])
    context.close()


def run(page, text=ARTICLE):
    page.get_by_label("Article or statement").fill(text)
    page.get_by_role("button", name="Find stances").click()
    page.wait_for_selector("#answer:visible")


def cell(page, government, target_number):
    return page.locator(f"#cell-{government}-{TARGETS[target_number].id}")


@needs_chromium
def test_a_pasted_text_is_answered_and_its_sentences_are_marked_as_text(page, server):
    page.get_by_label("Date (optional)").fill("2022-09-30")
    page.get_by_label("Whose statement").select_option("KAZ")
    run(page)
    (asked,) = server.asked
    assert asked == {"documents": [{"id": "text-1", "text": ARTICLE, "date": "2022-09-30", "speaker": "KAZ"}]}
    # Offsets count an emoji as one character, the browser as two.
    assert page.locator("mark.some").all_inner_texts() == [SAID, OTHERWISE, HEDGED]
    # Nothing of the text became an element, and no script of it ran.
    assert page.locator("#article").evaluate("node => node.textContent") == ARTICLE
    assert page.locator("#article :not(mark)").count() == 0
    assert page.evaluate("window.ran") is None
    expect(page.locator("#facts")).to_have_text(
        "Language: English (detected) · Date: 30 September 2022 (given) · Statement of Kazakhstan"
    )

    expect(cell(page, "KAZ", 0)).to_have_text("against 93%")
    expect(cell(page, "KAZ", 1)).to_have_text("none 97%")
    expect(page.get_by_role("row", name="Russia").get_by_text("not asked")).to_be_visible()
    cell(page, "KAZ", 0).click()
    assert page.locator("mark.against").all_inner_texts() == [SAID]
    assert page.locator("mark.favor.counter").all_inner_texts() == [OTHERWISE]
    details = page.locator("#details")
    assert details.locator(".odds dd").all_inner_texts() == ["2%", "93%", "2%", "2%"]
    assert details.locator("q").all_inner_texts() == [SAID, OTHERWISE]
    expect(details).to_contain_text(TARGETS[0].against)
    details.get_by_role("button", name=SAID).click()
    expect(page.locator("#sentence-1")).to_be_focused()
    # An answer that no sentence says is told from the others, also to those who do not see it.
    expect(cell(page, "RUS", 0)).to_have_accessible_name("favor 80% (no sentence)")
    cell(page, "RUS", 0).click()
    expect(details).to_contain_text("No single sentence says so")
    assert page.locator("mark").count() == 0


@needs_chromium
def test_governments_without_a_position_are_folded(page):
    run(page)
    assert cell(page, "UZB", 0).count() == 0
    fold = page.get_by_role("button", name="Named without a position (1): Uzbekistan")
    fold.click()
    expect(cell(page, "UZB", 0)).to_be_visible()
    expect(fold).to_have_attribute("aria-expanded", "true")
    page.get_by_role("button", name="Edit text").click()
    run(page, "Nobody is named here.")
    expect(page.locator("#matrix")).to_contain_text("names no government")


@needs_chromium
def test_the_threshold_of_abstaining_is_switched_and_switched_back(page, server):
    run(page)
    sure = page.get_by_label("Answer only when sure")
    assert sure.locator("option").all_inner_texts() == ["no, answer always", *(f"{n}% wrong" for n in (20, 10, 5, 2))]
    sure.select_option("5% wrong")
    expect(cell(page, "KAZ", 2)).to_have_text("uncertain favor 60%")
    assert [asked.get("abstain") for asked in server.asked] == [None, 0.05]
    expect(page.locator("#abstain-note")).to_be_visible()
    sure.select_option("no, answer always")
    expect(cell(page, "KAZ", 2)).to_have_text("favor 60%")
    assert len(server.asked) == 2  # what was answered once is kept
    server.failure = 429
    sure.select_option("2% wrong")
    expect(page.get_by_role("alert")).to_contain_text("Try again in 7 s.")
    expect(sure).to_have_value("")


@needs_chromium
def test_the_answer_is_downloaded_as_json_and_csv(page):
    run(page, f"=1+1 {ARTICLE}")
    texts = {}
    for kind in ("JSON", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download {kind}").click()
        assert download.value.suggested_filename == f"stances.{kind.lower()}"
        texts[kind] = Path(download.value.path()).read_bytes().decode("utf-8")
    stances = json.loads(texts["JSON"])["documents"][0]["stances"]
    assert stances == stances_of(f"=1+1 {ARTICLE}", None)
    rows = list(csv.DictReader(io.StringIO(texts["CSV"].removeprefix("\ufeff"), newline="")))
    assert len(rows) == len(stances) == 8
    assert rows[0] == {
        "document": "text-1",
        "lang": "en",
        "date": "",
        "government": "KAZ",
        "name": "Kazakhstan",
        "target": TARGETS[0].id,
        "stance": "against",
        "probability": "0.93",
        "favor": "0.0233",
        "against": "0.93",
        "neutral": "0.0233",
        "none": "0.0233",
        "evidence": SAID,
        "counter_evidence": OTHERWISE,
    }


@needs_chromium
def test_no_field_of_the_csv_is_a_formula_or_breaks_a_line(page):
    answer = {
        "stances": ["none"],
        "documents": [
            {
                "id": '=HYPERLINK("x")',
                "lang": "en",
                "date": None,
                "stances": [stance("a\nb, c", "KAZ", "t", evidence=["a\nb, c"])],
            }
        ],
    }
    text = page.evaluate("answer => import('/page/download.js').then((module) => module.csv(answer))", answer)
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["document"], row["evidence"]) == ('\'=HYPERLINK("x")', "a b, c")


@needs_chromium
def test_the_language_is_that_of_the_browser_and_is_switched_and_remembered(browser, page):
    run(page)
    cell(page, "KAZ", 0).click()
    page.get_by_label("Page in").select_option("Deutsch")
    expect(cell(page, "KAZ", 0)).to_have_text("dagegen 93 %")
    expect(page.get_by_role("rowheader", name="Kasachstan")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.title() == LANGUAGES["de"]["page.title"]
    assert page.locator("mark.against").all_inner_texts() == [SAID]  # what was chosen stays chosen
    page.reload()
    expect(page.locator("h1")).to_have_text(LANGUAGES["de"]["page.heading"])
    context = browser.new_context(locale="uk-UA")
    opened = context.new_page()
    opened.goto(page.url)
    expect(opened.locator("h1")).to_have_text(LANGUAGES["uk"]["page.heading"])
    context.close()


@needs_chromium
def test_everything_is_done_with_the_keyboard(page):
    press = page.keyboard.press
    page.locator("#text").focus()
    page.keyboard.insert_text(ARTICLE)
    press("Control+Enter")
    expect(page.locator("#answer-heading")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("Done. Governments with a position: 2.")
    for _ in range(4):  # two downloads, the threshold, then one stop for all cells
        press("Tab")
    expect(cell(page, "KAZ", 0)).to_be_focused()
    assert cell(page, "KAZ", 0).evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    press("ArrowDown")
    expect(cell(page, "RUS", 0)).to_be_focused()
    press("ArrowRight")
    press("ArrowUp")
    press("ArrowLeft")
    press("Enter")
    expect(cell(page, "KAZ", 0)).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status")).to_have_text("against, 93%. Sentences marked: 2.")
    press("Tab")
    press("Enter")
    expect(page.locator("#sentence-1")).to_be_focused()
    cell(page, "KAZ", 0).focus()
    press("Enter")
    assert page.locator("#details").count() == 0


@needs_chromium
@pytest.mark.parametrize(
    ("late", "pressed", "key"),
    [
        ("/page/main.js", "#text", "Control+Enter"),
        ("/page/languages/en.json", "#text", "Control+Enter"),
        ("/page/languages/en.json", "#run", "Enter"),
    ],
)
def test_what_is_asked_before_the_page_is_ready_is_answered_once_it_is(browser, server, late, pressed, key):
    server.late = late
    server.released.clear()
    opened = browser.new_page(locale="en-GB")
    opened.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="commit")
    opened.locator("#text").fill(ARTICLE)
    opened.locator(pressed).press(key)
    assert opened.locator("body[data-ready]").count() == 0
    server.released.set()
    expect(cell(opened, "KAZ", 0)).to_have_text("against 93%")
    assert server.asked == [{"documents": [{"id": "text-1", "text": ARTICLE}]}]
    opened.get_by_role("button", name="Edit text").click()  # what was asked early is not asked again
    expect(opened.locator("#answer")).to_be_hidden()
    opened.close()
    assert len(server.asked) == 1


@needs_chromium
@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (413, "more text than this server takes at once"),
        (422, "can’t use this"),
        (429, "too many requests at the moment. Try again in 7 s."),
        (503, "is not ready"),
        (500, "failed on the server (status 500)"),
    ],
)
def test_a_refusal_is_told_in_a_sentence_and_the_text_stays(page, server, status, sentence):
    server.failure = status
    page.locator("#text").fill(ARTICLE)
    page.locator("#run").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(sentence)
    expect(alert).to_contain_text(FAILURES[status]["message"])
    expect(page.locator("#text")).to_have_value(ARTICLE)
    server.failure = None
    page.locator("#run").click()
    expect(page.locator("#answer")).to_be_visible()
    expect(alert).to_be_hidden()


@needs_chromium
def test_no_text_and_no_server_are_told_too(page):
    page.locator("#run").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no text yet.")
    expect(page.locator("#text")).to_be_focused()
    page.route("**/v1/stances", lambda route: route.abort())
    page.locator("#text").fill(ARTICLE)
    page.locator("#run").click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer. Check that the server runs")


@needs_chromium
def test_a_slow_answer_shows_progress_and_is_cancelled(page, server):
    server.released.clear()
    page.locator("#text").fill(ARTICLE)
    page.locator("#run").click()
    expect(page.locator("#progress")).to_contain_text("Reading the text … 0 s")
    page.get_by_role("button", name="Cancel").click()
    server.released.set()
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text("Cancelled.")
    expect(page.locator("#answer")).to_be_hidden()
    expect(page.locator("#text")).to_have_value(ARTICLE)


@needs_chromium
def test_files_are_read_in_the_browser_each_a_document(page, server):
    html = "<title>t</title><script>window.ran = 1</script><p>First &amp; <b>bold</b>.<br>Line</p><p>Second.</p>"
    files = [
        ("a.txt", ARTICLE.encode()),
        ("b.html", html.encode()),
        ("c.txt", "Киев".encode("cp1251")),
        ("d.pdf", b"%PDF"),
    ]
    page.set_input_files(
        "#files", [{"name": name, "mimeType": "text/plain", "buffer": content} for name, content in files]
    )
    expect(page.get_by_role("alert")).to_contain_text("c.txt is not UTF-8 text.")
    chosen = page.get_by_label("Document", exact=True)
    assert chosen.locator("option").all_inner_texts() == ["a.txt", "b.html"]
    chosen.select_option("b.html")
    expect(page.locator("#text")).to_have_value("First & bold.\nLine\n\nSecond.")
    page.locator("#lang").select_option("de")
    page.locator("#run").click()
    expect(page.locator("#matrix")).to_contain_text("names no government")
    chosen.select_option("a.txt")
    expect(cell(page, "KAZ", 0)).to_be_visible()
    assert [document["id"] for document in server.asked[0]["documents"]] == ["a.txt", "b.html"]
    assert [document.get("lang") for document in server.asked[0]["documents"]] == [None, "de"]
    assert page.evaluate("window.ran") is None


@needs_chromium
def test_the_examples_are_documents_that_the_server_takes(page, server):
    for number, example in enumerate(json.loads((PAGE / "examples.json").read_text(encoding="utf-8"))):
        page.locator("#examples button").nth(number).click()
        page.locator("#run").click()
        page.wait_for_selector("#answer:visible")
        given = {"id": example["name"]} | {name: example[name] for name in ("text", "lang", "date")}
        assert server.asked[-1]["documents"] == [given]
        page.get_by_role("button", name="Edit text").click()


UNLABELLED = """() => {
  const fields = [...document.querySelectorAll('input, select, textarea')].filter((node) => !node.labels.length);
  const buttons = [...document.querySelectorAll('button')].filter((node) => !node.hidden && !node.textContent.trim());
  const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
  const pointed = ['for', 'aria-controls', 'aria-labelledby', 'aria-describedby'].flatMap((name) =>
    [...document.querySelectorAll(`[${name}]`)].map((node) => node.getAttribute(name)));
  const headers = [...document.querySelectorAll('th')].filter((node) => !node.scope);
  return [...fields, ...buttons, ...headers].map((node) => node.outerHTML)
    .concat(ids.filter((id, index) => ids.indexOf(id) !== index), pointed.filter((id) => !document.getElementById(id)));
}"""


@needs_chromium
@pytest.mark.parametrize("width", [1280, 375])
def test_all_is_labelled_and_nothing_is_wider_than_the_screen(page, width):
    page.set_viewport_size({"width": width, "height": 740})
    for language in LANGUAGES:
        page.locator("#page-language").select_option(language)
        expect(page.locator("html")).to_have_attribute("lang", language)
        if page.locator("#answer").is_hidden():
            assert page.evaluate(UNLABELLED) == []
            page.locator("#text").fill(ARTICLE)
            page.locator("#run").click()
            cell(page, "KAZ", 0).click()
        assert page.evaluate(UNLABELLED) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = (
            "node => [...node.querySelectorAll('button')].some((button) => button.getBoundingClientRect().height < 24)"
        )
        assert not page.locator("#answer").evaluate(small)


@needs_chromium
def test_from_the_pasted_text_to_the_files_with_the_server_itself(browser):
    said = ["Kazakhstan rejects the annexation.", "France imposes sanctions."]
    text = f"🕊️ A day of talks <b>ended</b> 🌍.\n\n{' '.join(said)}"
    with running_server(Keywords()) as address:
        opened = browser.new_page(locale="en-GB", reduced_motion="reduce")
        opened.goto(address)
        expect(opened.locator("#model")).to_have_text("Model: keywords, run by torch.")
        run(opened, text)
        assert opened.locator("mark").all_inner_texts() == said
        cell(opened, "KAZ", 0).click()
        expect(cell(opened, "KAZ", 0)).to_have_text("against 92%")
        assert opened.locator("mark.against").all_inner_texts() == said[:1]
        opened.get_by_label("Answer only when sure").select_option("2% wrong")
        expect(cell(opened, "KAZ", 0)).to_have_text("uncertain against 92%")
        with opened.expect_download() as download:
            opened.get_by_role("button", name="Download JSON").click()
        (document,) = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["documents"]
        with opened.expect_download() as download:
            opened.get_by_role("button", name="Download CSV").click()
        rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
        opened.close()
    items = [item for answer in document["stances"] for item in answer["evidence"]]
    assert [text[item["start"] : item["end"]] for item in items] == [item["text"] for item in items]
    assert {item["text"] for item in items} == set(said)
    assert [(row["government"], row["target"], row["stance"]) for row in rows] == [
        (item["government"], item["target"], item["stance"]) for item in document["stances"]
    ]
