// Making elements. Owns the one way in which text enters the page: as text, never as HTML.

/**
 * An element with attributes, listeners ("onclick": function) and children; strings become text.
 * An attribute that is null, undefined or false is left out.
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Replaces the options of a select and keeps what was chosen where it is still there. */
export function fillSelect(select, pairs, chosen = select.value) {
  select.replaceChildren(...pairs.map(([value, label]) => element("option", { value }, label)));
  if (pairs.some(([value]) => value === chosen)) select.value = chosen;
}

/** Smooth for those who did not ask for less motion. */
export const scrolling = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
