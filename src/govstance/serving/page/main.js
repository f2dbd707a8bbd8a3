// The page: what was asked, what was answered, and what the user does with it. Keeps the state; others draw parts of it.
import { allSentences, sentencesOf, showArticle, showSentence } from "./article.js";
import * as documents from "./documents.js";
import { byId, element, fillSelect, scrolling } from "./dom.js";
import { downloadCsv, downloadJson } from "./download.js";
import { readFile } from "./files.js";
import * as words from "./language.js";
import { glyph, governmentsOf, matrix, meaning, stanceWord, targetName } from "./matrix.js";
import { askModel, askStances, Failure } from "./service.js";

const { text } = words;
const MODEL_RETRY_MS = 5000;
const SLOW_SECONDS = 8;
const wide = matchMedia("(min-width: 900px)");

const state = {
  model: null,
  examples: [],
  sent: null, // documents as sent; null before there is an answer
  answers: new Map(), // abstain -> the server's answer to them
  abstain: "",
  chosen: null, // {government, target}
  unfolded: false,
  running: null, // AbortController
  failure: null,
};

const answer = () => state.answers.get(state.abstain);
const shownAnswer = () => answer().documents[documents.shownNumber()];
const chosenAnswer = () => state.chosen && shownAnswer().stances.find(
  (item) => item.government === state.chosen.government && item.target === state.chosen.target);

// Asking

async function run(abstain = state.abstain) {
  if (state.running) return;
  let sent = state.sent;
  if (!sent) {
    documents.keepForm();
    const empty = documents.emptyOne();
    if (empty >= 0) {
      documents.showDocument(empty);
      byId("text").focus();
      fail(new Failure("error.empty"));
      return;
    }
    sent = documents.forServer();
  }
  fail(null);
  const stop = startProgress();
  try {
    const found = state.answers.get(abstain) ?? await askStances(sent, abstain, state.running.signal);
    const first = !state.sent;
    Object.assign(state, { sent, abstain });
    state.answers.set(abstain, found);
    stop();
    drawAnswer();
    say(text("status.done", { count: governmentsOf(shownAnswer()).holding.length }));
    if (first) arrive();
  } catch (error) {
    stop();
    byId("abstain").value = state.abstain;
    if (error.name === "AbortError") say(text("status.cancelled"));
    else fail(error instanceof Failure ? error : new Failure("error.page", { error: String(error) }));
  }
}

function arrive() {
  byId("answer-heading").focus({ preventScroll: true });
  if (!wide.matches) byId("answer-panel").scrollIntoView({ behavior: scrolling() });
}

/** Shows that the server is at work; the function that it returns ends this. */
function startProgress() {
  state.running = new AbortController();
  const start = Date.now();
  const tick = () => {
    const seconds = Math.floor((Date.now() - start) / 1000);
    byId("seconds").textContent = text("status.seconds", { seconds });
    byId("slow").hidden = seconds < SLOW_SECONDS;
  };
  tick();
  const timer = setInterval(tick, 1000);
  byId("progress").hidden = false;
  byId("answer-panel").ariaBusy = "true";
  byId("text").readOnly = true;
  document.body.classList.add("busy");
  say(text("status.reading"));
  if (!wide.matches) byId("progress").scrollIntoView({ block: "nearest", behavior: scrolling() });
  return () => {
    clearInterval(timer);
    state.running = null;
    byId("progress").hidden = true;
    byId("answer-panel").ariaBusy = "false";
    byId("text").readOnly = false;
    document.body.classList.remove("busy");
  };
}

const cancel = () => state.running?.abort();

function say(sentence) {
  byId("status").textContent = sentence;
}

function fail(failure) {
  state.failure = failure;
  drawFailure();
  if (failure && !wide.matches) byId("failure").scrollIntoView({ block: "nearest", behavior: scrolling() });
}

/** Back to the form: what was answered is given up with it. */
function edit() {
  Object.assign(state, { sent: null, answers: new Map(), abstain: "", chosen: null, unfolded: false });
  fail(null);
  drawAnswer();
  byId("text").focus();
}

async function takeFiles(files) {
  fail(null);
  const read = await Promise.allSettled([...files].map(readFile));
  const texts = read.filter((item) => item.status === "fulfilled").map((item) => item.value);
  if (texts.length) documents.addDocuments(texts);
  const failed = read.find((item) => item.status === "rejected");
  if (failed) fail(failed.reason);
}

// Choosing

function choose(government, target) {
  const again = state.chosen?.government === government && state.chosen.target === target;
  state.chosen = again ? null : { government, target };
  const id = `cell-${government}-${target}`;
  const before = byId(id).getBoundingClientRect().top;
  drawAnswer();
  const button = byId(id);
  // Details that open or close above must not carry off the cell that was clicked.
  scrollBy({ top: button.getBoundingClientRect().top - before, behavior: "instant" });
  button.focus({ preventScroll: true });
  if (again) return;
  byId("details").scrollIntoView({ block: "nearest", behavior: scrolling() });
  const item = chosenAnswer();
  const sentences = item.evidence.length + item.counter_evidence.length;
  if (wide.matches) showSentence(1, { go: false });
  say(text("status.chosen", { stance: stanceWord(item.stance), probability: words.percent(item.probability), count: sentences }));
}

function unfold() {
  state.unfolded = !state.unfolded;
  drawAnswer();
  byId("silent").focus();
}

function showDocument(number) {
  documents.showDocument(number);
  state.chosen = null;
  drawAnswer();
}

// Drawing

function drawAnswer() {
  const answered = Boolean(state.sent);
  for (const id of ["reading", "answer", "edit", "back"]) byId(id).hidden = !answered;
  for (const id of ["compose", "before", "remove"]) byId(id).hidden = answered;
  document.body.classList.toggle("answered", answered);
  if (!answered) return;
  byId("abstain").value = state.abstain;
  byId("abstain-note").hidden = state.abstain === "";
  const here = shownAnswer();
  const { targets, government_names: names } = answer();
  byId("matrix").replaceChildren(matrix(here, { targets, names, chosen: state.chosen, unfolded: state.unfolded, choose, unfold }));
  const item = chosenAnswer();
  const article = byId("article");
  article.lang = here.lang;
  showArticle(article, state.sent[documents.shownNumber()].text, item ? sentencesOf(item) : allSentences(here));
  byId("facts").textContent = factsOf(here, names);
}

function factsOf({ lang, lang_detected: detected, date, date_from: from }, names) {
  const { speaker } = state.sent[documents.shownNumber()];
  return [
    text(detected ? "facts.lang_detected" : "facts.lang", { lang: words.languageName(lang) }),
    date ? text("facts.date", { date: words.day(date), from: text(`date_from.${from}`, {}, from ?? "") }) : text("facts.no_date"),
    speaker ? text("facts.speaker", { government: words.governmentName(speaker, names?.[speaker]) }) : null,
  ].filter(Boolean).join(" · ");
}

function drawFailure() {
  const { failure } = state;
  byId("failure").hidden = !failure;
  byId("failure").replaceChildren(...(failure ? [
    element("p", {}, text(failure.key, failure.values)),
    ...(failure.said ? [element("p", { class: "quiet" }, text("error.said"), " ", element("q", { lang: "en" }, failure.said))] : []),
  ] : []));
}

/** What the model says of itself: it may have other targets, and thresholds for abstaining or none. */
function drawModel() {
  const { model } = state;
  const shares = [...(model?.abstain ?? [])].sort((a, b) => b - a);
  const options = shares.map((share) => [String(share), text("abstain.at_most", { share: words.percent(share) })]);
  fillSelect(byId("abstain"), [["", text("abstain.never")], ...options], state.abstain);
  byId("abstain-choice").hidden = !shares.length;
  byId("questions").replaceChildren(...(model?.targets ?? []).map((target) => element("details", {},
    element("summary", {}, targetName(target)),
    element("dl", { class: "meanings" }, ...model.stances.map((stance) =>
      element("div", {}, element("dt", {}, glyph(stance), stanceWord(stance)), element("dd", {}, meaning(target, stance))))))));
  byId("model").textContent = model ? text("page.model", model.model) : "";
}

async function drawAll(language) {
  await words.setLanguage(language);
  byId("privacy").textContent = text("text.privacy", { host: location.host });
  documents.keepForm();
  documents.fillLists();
  documents.showForm();
  documents.fillExamples(state.examples, (example) => { documents.setOnly(example); fail(null); byId("run").focus(); });
  drawModel();
  drawFailure();
  drawAnswer();
}

// What the user does

function listen() {
  const on = (id, event, act) => byId(id).addEventListener(event, act);
  on("compose", "submit", (event) => { event.preventDefault(); run(); });
  on("clear", "click", () => { documents.setOnly(); fail(null); byId("text").focus(); });
  on("cancel", "click", cancel);
  on("edit", "click", edit);
  on("back", "click", arrive);
  on("files", "change", (event) => { takeFiles(event.target.files).then(() => { event.target.value = ""; }); });
  on("document", "change", (event) => showDocument(Number(event.target.value)));
  on("remove", "click", documents.removeShown);
  on("abstain", "change", (event) => run(event.target.value));
  on("download-json", "click", () => downloadJson(answer()));
  on("download-csv", "click", () => downloadCsv(answer()));
  on("page-language", "change", (event) => drawAll(event.target.value).then(words.rememberLanguage));
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !state.sent) run();
    if (event.key === "Escape") cancel();
  });
  addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    if (!state.sent) takeFiles(event.dataTransfer.files);
  });
}

async function start() {
  fillSelect(byId("page-language"), Object.entries(words.LANGUAGES));
  await words.loadGovernments();
  state.examples = await (await fetch(new URL("examples.json", import.meta.url))).json();
  await drawAll(words.preferredLanguage());
  listen();
  document.body.dataset.ready = "yes";
  if (document.body.dataset.asked) run(); // see early.js
  await meetModel();
}

/** Asks for the model until the server has loaded it. */
async function meetModel() {
  state.model = await askModel();
  if (state.model) drawModel();
  else setTimeout(meetModel, MODEL_RETRY_MS);
}

start();
