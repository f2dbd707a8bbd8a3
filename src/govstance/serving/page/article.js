// The text with its sentences marked. Owns the step from the server's offsets (code points) to the browser's (UTF-16).
import { byId, element, scrolling } from "./dom.js";

/** For each code point of a text, and its end, where it starts in UTF-16 units. */
export function codePointStarts(text) {
  const starts = [];
  let position = 0;
  for (const character of text) {
    starts.push(position);
    position += character.length;
  }
  starts.push(position);
  return starts;
}

/** The sentences of a document's evidence, each once, whatever it is evidence of. */
export function allSentences(answered) {
  const found = new Map();
  for (const { evidence, counter_evidence: counter } of answered.stances) {
    for (const { start, end } of [...evidence, ...counter]) found.set(`${start}-${end}`, { start, end, style: "some" });
  }
  return [...found.values()];
}

/** The sentences of one answer, numbered as in its list. */
export function sentencesOf({ evidence, counter_evidence: counter }) {
  const style = (item, index) => `${item.stance}${index < evidence.length ? "" : " counter"}`;
  return [...evidence, ...counter].map((item, index) => ({ ...item, number: index + 1, style: style(item, index) }));
}

/** Shows a text with marks on sentences {start, end, style, number?}; where two overlap, the first in order wins. */
export function showArticle(container, text, sentences) {
  const starts = codePointStarts(text);
  const parts = [];
  let shown = 0;
  for (const sentence of [...sentences].sort((a, b) => a.start - b.start)) {
    const start = Math.max(starts[sentence.start] ?? text.length, shown);
    const end = starts[sentence.end] ?? text.length;
    if (end <= start) continue;
    parts.push(text.slice(shown, start), mark(sentence, text.slice(start, end)));
    shown = end;
  }
  container.replaceChildren(...parts, text.slice(shown));
}

function mark({ number, style }, words) {
  if (number === undefined) return element("mark", { class: style }, words);
  return element("mark", { class: style, id: `sentence-${number}`, "data-number": number, tabindex: -1 }, words);
}

/** Brings a mark into view: within the text alone, or with the page and the focus where the user asked to go there. */
export function showSentence(number, { go }) {
  const found = byId(`sentence-${number}`);
  if (!found) return;
  if (go) {
    found.scrollIntoView({ block: "center", behavior: scrolling() });
    found.focus({ preventScroll: true });
    return;
  }
  const pane = byId("article");
  const away = found.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  pane.scrollBy({ top: away - pane.clientHeight / 3, behavior: scrolling() });
}
