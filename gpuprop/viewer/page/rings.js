// Rings around the chosen satellite and the one under the pointer.

import { css, rgb, THEMES } from "./colours.js";
import { element } from "./data.js";

const LONGEST_NAME = 60; // characters beside a ring or a mark; lists and cards have the whole name
const LABEL = 190; // CSS pixels that a long name takes

/** @param {import("./world.js").World} world */
export function showRings(world) {
  for (const [id, index] of /** @type {[string, number][]} */ ([["ring", world.current], ["hover", world.hovered]])) {
    const ring = element(id), state = index < 0 ? null : world.orbits.state(index, world.clock.now);
    const place = state && world.camera.project(state.position);
    ring.style.display = place && !place.hidden ? "" : "none";
    if (!place) continue;
    ring.style.transform = `translate(${place.x.toFixed(1)}px, ${place.y.toFixed(1)}px)`;
    if (id === "ring") {
      ring.style.color = css(rgb(THEMES[world.theme].chosen));
      const label = ring.firstElementChild, name = shortName(world.name(index));
      if (label && label.textContent !== name) label.textContent = name;
      ring.classList.toggle("left", place.x > world.camera.width - LABEL); // else it leaves the picture
    }
  }
}

/** @param {string} name @returns {string} */
export function shortName(name) {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
