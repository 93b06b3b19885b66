// The data of the page: JSON, and large arrays as base64.

/** @typedef {{name: string, labels: string[], ordered: boolean, rest: number}} Grouping */
/** @typedef {{name: string, lat: number, lon: number, height: number}} SiteData deg and km */
/** @typedef {{column: string, title: string, unit: string, low: number, high: number, height: number, width: number}} CoverageImage */
/**
 * @typedef {object} PageData
 * @property {string} title
 * @property {string} version
 * @property {number} start_ms begin of the window, ms since 1970 UTC
 * @property {string} start
 * @property {number} duration_s
 * @property {{knots: number, satellites: number}[]} tracks
 * @property {string[]} names
 * @property {number[]} numbers
 * @property {Grouping[]} groups
 * @property {number} angle_rad the Earth's rotation at the begin of the window
 * @property {number} rate_rad_s
 * @property {import("./vector.js").Vector[]} sun directions at equal steps of the window, TEME
 * @property {SiteData[]} sites
 * @property {number} least_elevation deg
 * @property {CoverageImage[] | null} coverage
 * @property {Record<string, string | string[]>} about
 * @property {Record<string, [number, number]>} arrays first byte and number of items of each
 */

/**
 * @typedef {object} Page
 * @property {PageData} data
 * @property {<T>(name: string, kind: new (buffer: ArrayBuffer, offset: number, length: number) => T) => T} array
 */

/** Read the data from the document. @returns {Page} */
export function readPage() {
  /** @type {PageData} */
  const data = JSON.parse(element("data").textContent);
  const holder = element("bytes");
  const bytes = decoded(holder.textContent);
  holder.remove(); // the text is larger than the bytes
  return {
    data,
    array(name, kind) {
      const [offset, size] = data.arrays[name];
      return new kind(bytes, offset, size);
    },
  };
}

/** @param {string} text base64 @returns {ArrayBuffer} */
function decoded(text) {
  const binary = atob(text.trim()), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}

/**
 * Find an element that the template has.
 * @param {string} id @returns {HTMLElement & {textContent: string}}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return /** @type {any} */ (found);
}

/** @param {string} id @returns {HTMLInputElement} */
export function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * Make an element. Text is never read as HTML: names come from files.
 * @param {string} tag @param {string} [kind] class @param {string} [text] @returns {HTMLElement}
 */
export function make(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}
