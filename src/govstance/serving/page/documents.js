// The documents that the user gives: their texts and fields, one of them shown in the form.
import { byId, element, fillSelect } from "./dom.js";
import { allGovernments, inOrder, languageName, LANGUAGES, text, TEXT_LANGUAGES } from "./language.js";

const FIELDS = ["text", "date", "lang", "speaker"];
const blank = () => ({ name: "", text: "", date: "", lang: "", speaker: "" });

let documents = [blank()];
let shown = 0;

export const shownNumber = () => shown;

/** Takes over what stands in the form. Half of an emoji, which no server takes, is mended. */
export function keepForm() {
  for (const field of FIELDS) documents[shown][field] = byId(field).value;
  const words = documents[shown].text;
  documents[shown].text = words.toWellFormed?.() ?? words;
}

export function showForm() {
  for (const field of FIELDS) byId(field).value = documents[shown][field];
  fillSelect(byId("document"), documents.map((item, index) => [String(index), nameOf(item, index)]), String(shown));
  byId("documents").hidden = documents.length === 1;
}

const nameOf = (item, index) => item.name || `${text("text.document")} ${index + 1}`;

/** Adds texts; they take the place of a single empty one. */
export function addDocuments(items) {
  keepForm();
  const kept = documents.filter((item) => item.text.trim());
  documents = [...kept, ...items.map((item) => ({ ...blank(), ...item }))];
  shown = kept.length;
  showForm();
}

export function setOnly(item = {}) {
  documents = [{ ...blank(), ...item }];
  shown = 0;
  showForm();
}

export function showDocument(number) {
  keepForm();
  shown = number;
  showForm();
}

export function removeShown() {
  documents.splice(shown, 1);
  shown = Math.min(shown, documents.length - 1);
  showForm();
}

/** The number of the first document without text, or -1. */
export const emptyOne = () => documents.findIndex((item) => !item.text.trim());

/** As the server takes them: each with an id of its own, empty fields left out. */
export function forServer() {
  const used = new Set();
  return documents.map((item, index) => {
    let id = item.name || `text-${index + 1}`;
    for (let copy = 2; used.has(id); copy += 1) id = `${item.name} (${copy})`;
    used.add(id);
    const given = FIELDS.filter((field) => item[field]).map((field) => [field, item[field]]);
    return { id, ...Object.fromEntries(given) };
  });
}

/** The lists of languages and governments, in the language of the page; its own languages come first. */
export function fillLists() {
  const named = (codes) => inOrder(codes.map((code) => [code, languageName(code)]));
  const others = TEXT_LANGUAGES.filter((code) => !(code in LANGUAGES));
  fillSelect(byId("lang"), [["", text("text.lang_detected")], ...named(Object.keys(LANGUAGES)), ...named(others)]);
  fillSelect(byId("speaker"), [["", text("text.speaker_none")], ...allGovernments()]);
}

/** One button an example: its language, its title. */
export function fillExamples(examples, choose) {
  byId("examples").replaceChildren(...examples.map((example) => element("li", {},
    element("button", { type: "button", onclick: () => choose(example) },
      element("span", { class: "quiet" }, languageName(example.lang)), " ", element("span", { lang: example.lang }, example.name)))));
}
