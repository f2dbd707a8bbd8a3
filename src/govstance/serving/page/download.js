// The answer as files: JSON as the server sent it, CSV with one row a document, government and target.
import { element } from "./dom.js";

const COLUMNS = ["document", "lang", "date", "government", "name", "target", "stance", "probability"];

/** CSV after RFC 4180, with names of governments in English. */
export function csv(answer) {
  const lines = [[...COLUMNS, ...answer.stances, "evidence", "counter_evidence"]];
  for (const { id, lang, date, stances } of answer.documents) {
    for (const item of stances) {
      lines.push([
        id, lang, date ?? "", item.government, answer.government_names?.[item.government] ?? "", item.target, item.stance, item.probability,
        ...answer.stances.map((stance) => item.probabilities[stance]), sentences(item.evidence), sentences(item.counter_evidence),
      ]);
    }
  }
  return lines.map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

const sentences = (items) => items.map((item) => item.text.replace(/\s+/g, " ")).join(" | ");

/** A spreadsheet must not take a text for a formula: such a text gets an apostrophe in front. */
function field(value) {
  const words = typeof value === "string" && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
}

export function downloadJson(answer) {
  save(`${JSON.stringify(answer, null, 2)}\n`, "application/json", "stances.json");
}

/** The mark at the start tells spreadsheets that it is UTF-8. */
export function downloadCsv(answer) {
  save(`\ufeff${csv(answer)}`, "text/csv;charset=utf-8", "stances.csv");
}

function save(content, type, name) {
  const href = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}
