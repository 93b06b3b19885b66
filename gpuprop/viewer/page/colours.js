// Themes, and the colours of groups.

/** @typedef {[number, number, number]} Rgb from 0 to 1 */
/**
 * @typedef {object} Theme
 * @property {Rgb} sky @property {Rgb} water @property {Rgb} ground @property {Rgb} night
 * @property {Rgb} glow @property {Rgb} coast @property {number} nightly
 * @property {string[]} groups @property {string[]} rest of the groups for what remains @property {string[]} steps
 * @property {string[]} layer five colours of the coverage layer
 * @property {string} chosen @property {string} site
 */

/** @type {Record<string, Theme>} */
export const THEMES = {
  dark: {
    sky: rgb("#05080f"),
    water: rgb("#16314e"),
    ground: rgb("#3d5a70"),
    night: rgb("#050a14"),
    glow: rgb("#7db8f0"),
    coast: rgb("#b9d2e6"),
    nightly: 0.72,
    groups: ("#4cc9f0 #ffb703 #ff5c8a #7ae582 #b69cff #ff8552 #2ee6c5 #ffd6a5 #f78fd6 #8fb8ff " +
      "#d4e157 #ef6f6c #9bf6ff #d08bff #f4a261 #35d07f #e0c3ff #ffe66d #86a8d8 #cfa27a").split(" "),
    rest: ["#a9b6c6", "#6f7d90"],
    steps: ["#6d7bff", "#3fb0ff", "#2fd8c3", "#9be563", "#ffd84a", "#ff8f3d", "#ff5484"],
    layer: ["#161f47", "#1d4a72", "#1d7471", "#7da243", "#f0dd78"],
    chosen: "#ffffff",
    site: "#ffd84a",
  },
  light: {
    sky: rgb("#eef2f7"),
    water: rgb("#c3d8ea"),
    ground: rgb("#f6f3ea"),
    night: rgb("#51657f"),
    glow: rgb("#8fb6dc"),
    coast: rgb("#51667b"),
    nightly: 0.5,
    groups: ("#0069b4 #c26a00 #b3005e #1f7a33 #5b34c4 #c63f14 #00766b #7f6400 #a0148c #2f4bb8 " +
      "#5d6d00 #b8252c #007a8c #8420a0 #94500f #00664f #6f4ea6 #8f6a00 #3d5f92 #74492b").split(" "),
    rest: ["#5b6878", "#8d9aab"],
    steps: ["#3d3fd0", "#0072c4", "#007f78", "#3c7d12", "#947000", "#c04f00", "#b8124e"],
    layer: ["#fff6d6", "#d3ecb9", "#97d3bd", "#69b0c8", "#5f86c0"],
    chosen: "#101820",
    site: "#b36b00",
  },
};

/** @param {string} hex #rrggbb @returns {Rgb} */
export function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** @param {Rgb} colour @returns {string} */
export function css(colour) {
  return `rgb(${colour.map((part) => Math.round(part * 255)).join(" ")})`;
}

/**
 * The colour of every group.
 * @param {Theme} theme @param {import("./data.js").Grouping} grouping @returns {Rgb[]}
 */
export function groupColours(theme, { labels, ordered, rest }) {
  const own = labels.length - rest;
  return labels.map((_, i) => {
    if (i >= own) return rgb(theme.rest[labels.length - 1 - i ? 0 : 1]);
    if (!ordered) return rgb(theme.groups[i % theme.groups.length]);
    const place = own > 1 ? (i / (own - 1)) * (theme.steps.length - 1) : 0;
    const j = Math.min(theme.steps.length - 2, Math.floor(place));
    const [a, b] = [rgb(theme.steps[j]), rgb(theme.steps[j + 1])];
    return /** @type {Rgb} */ (a.map((part, k) => part + (b[k] - part) * (place - j)));
  });
}
