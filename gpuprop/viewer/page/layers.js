// The layer of coverage: values of a table of cells, as an image of the whole Earth.

import { DEGREE } from "./vector.js";

/** @typedef {import("./data.js").CoverageImage} CoverageImage */

const NOTHING = 255; // a pixel without a cell; others are 0 to 254, from the least value to the most
const SHARE = 0.05; // of the area that lies below the scale of colours, and as much above it

/** @param {import("./data.js").Page} page @param {CoverageImage} image @returns {Uint8Array} */
export function layerPixels(page, image) {
  return page.array(`coverage_${image.column}`, Uint8Array);
}

/**
 * Choose the range of the colours: it has the values of 90 % of the area, so that a peak at a pole
 * does not make everything else one colour.
 * @param {CoverageImage} image @param {Uint8Array} pixels @returns {{low: number, high: number}} pixel values
 */
export function layerRange({ width, height }, pixels) {
  const areas = new Float64Array(255);
  for (let row = 0; row < height; row++) {
    const area = Math.sin((Math.PI * (row + 0.5)) / height);
    for (const value of pixels.subarray(row * width, (row + 1) * width)) {
      if (value !== NOTHING) areas[value] += area;
    }
  }
  const all = areas.reduce((sum, area) => sum + area, 0);
  const end = (/** @type {number} */ share) => {
    let sum = 0;
    const found = areas.findIndex((area) => (sum += area) > share * all);
    return found < 0 ? 254 : found;
  };
  const low = end(SHARE), high = end(1 - SHARE);
  return high > low ? { low, high } : { low: 0, high: 254 };
}

/** The value of a pixel. @param {CoverageImage} image @param {number} pixel @returns {number} */
export function layerValue({ low, high }, pixel) {
  return low + (pixel / 254) * (high - low);
}

/**
 * The value at a place. @param {CoverageImage} image @param {Uint8Array} pixels
 * @param {import("./vector.js").Place} place @returns {number | null} null without a cell
 */
export function layerAt(image, pixels, { lat, lon }) {
  const { width, height } = image;
  const row = Math.min(height - 1, Math.floor((0.5 - lat / (180 * DEGREE)) * height));
  const column = Math.min(width - 1, Math.floor((lon / (360 * DEGREE) + 0.5) * width));
  const pixel = pixels[row * width + column];
  return pixel === NOTHING ? null : layerValue(image, pixel);
}

/** @param {CoverageImage} image @param {number} value @returns {string} with its unit */
export function layerText(image, value) {
  const digits = Number(value.toPrecision(3));
  return `${digits.toLocaleString("en-US", { maximumSignificantDigits: 3 })}${image.unit && ` ${image.unit}`}`;
}
