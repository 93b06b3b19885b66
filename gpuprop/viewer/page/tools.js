// The buttons at the upper right: legend, frame, theme; and the hint of the first seconds.

import { element } from "./data.js";

/** @typedef {import("./world.js").World} World */

const HINT_MS = 12000;

/** @param {World} world */
export function startTools(world) {
  const inertial = element("inertial"), fixed = element("fixed");
  const theme = element("theme"), legend = element("show-legend");
  world.theme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  inertial.onclick = () => turnWithEarth(world, false);
  fixed.onclick = () => turnWithEarth(world, true);
  theme.onclick = () => {
    world.theme = world.theme === "dark" ? "light" : "dark";
    world.update();
  };
  legend.onclick = () => {
    const open = document.body.classList.toggle("legend-open");
    legend.setAttribute("aria-expanded", String(open));
  };
  world.listeners.push(() => {
    inertial.setAttribute("aria-pressed", String(!world.camera.fixed));
    fixed.setAttribute("aria-pressed", String(world.camera.fixed));
    theme.textContent = world.theme === "dark" ? "☀\ufe0e" : "☾\ufe0e"; // as text, not as emoji
  });
  startHint();
}

/** Choose between the Earth-fixed and the inertial view. @param {World} world @param {boolean} fixed */
export function turnWithEarth(world, fixed) {
  world.camera.setFixed(fixed, world.angle);
  world.update();
}

/** Say how the globe is used, until it is used or some seconds have passed. */
function startHint() {
  const hint = element("hint");
  hint.textContent = matchMedia("(pointer: coarse)").matches
    ? "Drag to turn, pinch to zoom, tap a satellite"
    : "Drag to turn, scroll to zoom, click a satellite";
  hint.hidden = false;
  const end = () => hint.hidden = true;
  for (const name of ["pointerdown", "wheel", "keydown"]) addEventListener(name, end, { once: true, capture: true });
  setTimeout(end, HINT_MS);
}
