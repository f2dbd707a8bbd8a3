// Files that the user opens or drops, read as text in the browser. Refuses what is no text; PDF and Word are for `predict`.
import { Failure } from "./service.js";

const NAMES = /\.(txt|md|html?)$/i;
const LEFT_OUT = "script, style, noscript, template, head, nav, aside, footer, form, svg";
const BLOCKS = "p, h1, h2, h3, h4, h5, h6, li, tr, blockquote, pre, div, section, article, figcaption, dt, dd";

/** The name and text of a file. */
export async function readFile(file) {
  if (!NAMES.test(file.name)) throw new Failure("error.file_kind", { file: file.name });
  let content;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Failure("error.file_encoding", { file: file.name });
  }
  const text = /\.html?$/i.test(file.name) ? textOfPage(content) : content;
  if (!text.trim()) throw new Failure("error.file_empty", { file: file.name });
  return { name: file.name, text: text.replace(/\r\n?/g, "\n") };
}

/** The text of an HTML page by paragraphs. The parsed page is inert: no script of it runs, nothing of it is loaded. */
export function textOfPage(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const node of page.querySelectorAll(LEFT_OUT)) node.remove();
  for (const node of page.querySelectorAll("br")) node.replaceWith("\u2028");
  for (const node of page.querySelectorAll(BLOCKS)) {
    node.prepend("\u2029");
    node.append("\u2029");
  }
  return (page.body?.textContent ?? "")
    .split(/\u2029/)
    .map((block) => block.split("\u2028").map((line) => line.replace(/\s+/g, " ").trim()).join("\n").trim())
    .filter((block) => block)
    .join("\n\n");
}
