// The language of the page: its texts (one file each in languages/), names of governments and languages, numbers, days.
import { byId } from "./dom.js";

export const LANGUAGES = { de: "Deutsch", en: "English", es: "Español", fr: "Français", ru: "Русский", uk: "Українська" };
// Languages in which names of governments are known; a text may be in any other as well.
export const TEXT_LANGUAGES = ("ar az bg bn cs de el en es fa fi fr he hi hu hy id it ja ka kk ko lt nl pl pt ro ru sk sr sv tr "
  + "uk ur uz vi zh").split(" ");
const REMEMBERED = "govstance.language";

let language = "en";
let locale = "en";
let texts = {};
let alpha2 = {};

async function load(path) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** What the user chose last time, else the first language of the browser that there is. */
export function preferredLanguage() {
  let remembered = null;
  try { remembered = localStorage.getItem(REMEMBERED); } catch { /* storage is switched off: nothing is remembered */ }
  const wanted = [remembered, ...navigator.languages.map((tag) => tag.split("-")[0].toLowerCase())];
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

export function rememberLanguage() {
  try { localStorage.setItem(REMEMBERED, language); } catch { /* as above */ }
}

export async function setLanguage(wanted) {
  texts = await load(`languages/${wanted}.json`);
  language = wanted;
  // Days and numbers as the user's own region writes them, where the page is in a language of the browser.
  locale = navigator.languages.find((tag) => tag.split("-")[0].toLowerCase() === wanted) ?? wanted;
  document.documentElement.lang = wanted;
  document.title = text("page.title");
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of document.querySelectorAll("[data-text-placeholder]")) node.placeholder = text(node.dataset.textPlaceholder);
  for (const node of document.querySelectorAll("[data-text-aria-label]")) node.ariaLabel = text(node.dataset.textAriaLabel);
  byId("page-language").value = wanted;
}

export async function loadGovernments() {
  alpha2 = await load("governments.json");
}

/** The text of a key with {names} filled in; without such a text, the fallback. */
export function text(key, values = {}, fallback = key) {
  return (texts[key] ?? fallback).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function displayName(type, code) {
  try { return new Intl.DisplayNames(language, { type, fallback: "none" }).of(code); } catch { return undefined; }
}

export const governmentName = (code, fallback = code) => (alpha2[code] && displayName("region", alpha2[code])) ?? fallback;
export const languageName = (code) => displayName("language", code) ?? code;
export const inOrder = (pairs) => pairs.sort((a, b) => a[1].localeCompare(b[1], language));
export const allGovernments = () => inOrder(Object.keys(alpha2).map((code) => [code, governmentName(code)]));

/** A share in per cent; what is nearly sure is not called certain. */
export function percent(share) {
  const format = (value) => new Intl.NumberFormat(locale, { style: "percent" }).format(value);
  if (share >= 0.995 && share < 1) return `>${format(0.99)}`;
  return share > 0 && share < 0.005 ? `<${format(0.01)}` : format(share);
}

export const day = (iso) => new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${iso}T00:00Z`));
