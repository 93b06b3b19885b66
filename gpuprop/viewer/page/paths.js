// The orbits of chosen satellites.

import { turned } from "./vector.js";

/** @typedef {import("./vector.js").Vector} Vector */

const POINTS = 240; // of an orbit

/**
 * Add the path of every chosen satellite: one revolution around the time, as far as the window goes.
 * In the Earth-fixed view it is the path relative to the turning Earth.
 * @param {import("./world.js").World} world @param {import("./lines.js").Lines} lines
 * @param {import("./colours.js").Rgb[]} colours of the groups
 * @param {(index: number) => number} group of a satellite
 */
export function showPaths(world, lines, colours, group) {
  const { orbits, clock, camera } = world, { now, duration } = clock;
  for (const index of world.chosen) {
    const half = Math.min(world.period(index), 3 * duration) / 2;
    // where the window ends, the other half goes on longer
    const begin = Math.max(0, Math.min(now - half, duration - 2 * half));
    const end = Math.min(duration, Math.max(now + half, 2 * half));
    const colour = colours[group(index)];
    /** @type {Vector | null} */
    let before = null;
    for (let i = 0; i <= POINTS; i++) {
      const t = begin + ((end - begin) * i) / POINTS, state = orbits.state(index, t);
      const p = state && (camera.fixed ? turned(state.position, orbits.angle(now) - orbits.angle(t)) : state.position);
      const bright = index === world.current ? 0.95 : 0.55;
      if (before && p) lines.add(before, p, colour, t <= now ? bright : 0.55 * bright);
      before = p;
    }
  }
}
