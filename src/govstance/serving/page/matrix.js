// The matrix of governments and targets, and under a chosen cell what its answer rests on.
import { sentencesOf, showSentence } from "./article.js";
import { element } from "./dom.js";
import { governmentName, inOrder, percent, text } from "./language.js";

export const targetName = (target) => text(`target.${target.id}`, {}, target.name);
export const meaning = (target, stance) => text(`meaning.${target.id}.${stance}`, {}, target[stance] ?? "");
export const stanceWord = (stance) => text(`stance.${stance}`, {}, stance);
export const glyph = (stance) => element("span", { class: `glyph ${stance}`, "aria-hidden": "true" });

/** Government -> target -> answer; governments by name, those with a position apart from those without any. */
export function governmentsOf(answered, names) {
  const cells = new Map();
  for (const answer of answered.stances) {
    if (!cells.has(answer.government)) cells.set(answer.government, new Map());
    cells.get(answer.government).set(answer.target, answer);
  }
  const ordered = inOrder([...cells.keys()].map((code) => [code, governmentName(code, names?.[code])]));
  const stating = ([code]) => [...cells.get(code).values()].some((answer) => answer.stance !== "none");
  return { cells, holding: ordered.filter(stating), silent: ordered.filter((pair) => !stating(pair)) };
}

/**
 * The table.
 *
 * chosen: {government, target} or null. unfolded: whether governments without a position are shown.
 * choose(government, target) and unfold() are called for what the user does.
 */
export function matrix(answered, { targets, names, chosen, unfolded, choose, unfold }) {
  const { cells, holding, silent } = governmentsOf(answered, names);
  if (!cells.size) return element("p", {}, text("answer.no_government"));
  const rows = (pairs) => pairs.flatMap(([code, name]) => governmentRows(code, name, cells.get(code), { targets, chosen, choose }));
  const table = element(
    "table",
    { class: "matrix", onkeydown: moveFocus },
    element("caption", {}, text("answer.legend"), " ", text("answer.table")),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, element("span", {}, text("answer.government"))),
      ...targets.map((target) => element("th", { scope: "col", title: target.name }, targetName(target))))),
    element("tbody", {}, ...rows(holding)),
    silent.length ? foldedRows(silent, rows, { columns: targets.length + 1, unfolded, unfold }) : null,
  );
  oneTabStop(table);
  return table;
}

function foldedRows(silent, rows, { columns, unfolded, unfold }) {
  const label = text("answer.silent", { count: silent.length, names: silent.map((pair) => pair[1]).join(", ") });
  const button = element("button", { type: "button", id: "silent", "aria-expanded": String(unfolded), onclick: unfold }, label);
  const head = element("tr", {}, element("th", { colspan: columns, scope: "rowgroup", class: "fold" }, button));
  return element("tbody", {}, head, ...(unfolded ? rows(silent) : []));
}

function governmentRows(code, name, ofTarget, { targets, chosen, choose }) {
  const here = chosen?.government === code ? targets.find((target) => target.id === chosen.target) : undefined;
  const row = element("tr", {}, element("th", { scope: "row" }, name),
    ...targets.map((target) => cell(code, target, ofTarget.get(target.id), { open: target === here, choose })));
  if (!here) return [row];
  const inside = element("td", { colspan: targets.length + 1, id: "details" }, details(name, here, ofTarget.get(here.id)));
  return [row, element("tr", { class: "details" }, inside)];
}

function cell(code, target, answer, { open, choose }) {
  if (!answer) return element("td", { class: "empty" }, text("answer.not_asked"));
  const { stance, probability } = answer;
  const unsupported = stance !== "none" && !answer.evidence.length;
  const button = element(
    "button",
    {
      type: "button",
      class: unsupported ? `${stance} unsupported` : stance,
      id: `cell-${code}-${target.id}`,
      "aria-expanded": String(open),
      "aria-controls": open ? "details" : null,
      onclick: () => choose(code, target.id),
    },
    glyph(stance),
    element("span", {}, element("span", { class: "word" }, stanceWord(stance)), " ",
      element("span", { class: "number" }, stance === "uncertain" ? leaning(answer) : percent(probability)),
      unsupported ? element("span", { class: "unseen" }, `(${text("answer.unsupported")})`) : null),
  );
  return element("td", {}, button);
}

/** What an uncertain answer would rather be. */
function leaning({ probabilities: ofStance }) {
  const [stance, share] = Object.entries(ofStance).reduce((best, next) => (next[1] > best[1] ? next : best));
  return `${stanceWord(stance)} ${percent(share)}`;
}

/** Between the cells the arrow keys move, so that Tab passes the table in one step. */
function oneTabStop(table) {
  const buttons = [...table.querySelectorAll("td > button")];
  const stop = buttons.find((button) => button.ariaExpanded === "true") ?? buttons[0];
  for (const button of buttons) button.tabIndex = button === stop ? 0 : -1;
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function moveFocus(event) {
  const here = event.target.closest("td > button");
  if (!here || here.closest("#details") || !(event.key in STEPS)) return;
  event.preventDefault();
  const rows = [...event.currentTarget.querySelectorAll("tr:not(.details)")].filter((row) => row.querySelector("td"));
  let row = rows.indexOf(here.closest("tr"));
  let column = here.closest("td").cellIndex;
  const [down, right] = STEPS[event.key];
  do {
    row += down;
    column += right;
    const next = rows[row]?.cells[column]?.querySelector("button");
    if (next) {
      here.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      return;
    }
  } while (rows[row]?.cells[column]);
}

function details(name, target, answer) {
  const missing = answer.stance !== "none" && answer.stance !== "uncertain" && !answer.evidence.length;
  return element(
    "div",
    { class: `card ${answer.stance}` },
    element("h3", {}, `${name}: ${targetName(target)}`),
    element("p", {}, glyph(answer.stance), element("strong", {}, stanceWord(answer.stance)), ". ",
      answer.stance === "uncertain" ? text("answer.uncertain") : meaning(target, answer.stance)),
    probabilities(answer),
    sentenceList(text("evidence.heading"), answer, ({ style }) => !style.includes("counter")),
    missing ? element("p", {}, text("evidence.missing")) : null,
    sentenceList(text("evidence.counter"), answer, ({ style }) => style.includes("counter")),
  );
}

function probabilities({ probabilities: ofStance, stance: given }) {
  const rows = Object.entries(ofStance).map(([stance, share]) => {
    const bar = element("span", { class: `bar ${stance}`, "aria-hidden": "true" });
    bar.style.setProperty("--share", share);
    return element("div", { class: stance === given ? "given" : null },
      element("dt", {}, glyph(stance), stanceWord(stance)), element("dd", {}, bar, percent(share)));
  });
  return element("dl", { class: "odds", "aria-label": text("answer.probabilities") }, ...rows);
}

function sentenceList(heading, answer, wanted) {
  const sentences = sentencesOf(answer).filter(wanted);
  if (!sentences.length) return null;
  const items = sentences.map((item) => element("li", {}, element("span", { class: "index" }, String(item.number)),
    element("button", { type: "button", class: "sentence", title: text("evidence.show"), onclick: () => showSentence(item.number, { go: true }) },
      element("q", { dir: "auto" }, item.text.replace(/\s+/g, " "))),
    element("span", { class: "quiet" }, glyph(item.stance), stanceWord(item.stance), " ", percent(item.probability))));
  return element("div", {}, element("h4", {}, heading), element("ol", { class: "sentences", role: "list" }, ...items));
}
