// The orbits of chosen satellites.

import { rgb, THEMES } from "./colours.js";
import { cross, dot, length, minus, times, turned } from "./vector.js";

/** @typedef {import("./vector.js").Vector} Vector */

const POINTS = 240; // of an orbit
const GRAVITY = 398600.8; // km^3/s^2, WGS-72

/**
 * Add the path of every chosen satellite: one revolution around the time. Within the window it goes
 * through the knots; beyond it is an ellipse, drawn faintly. In the Earth-fixed view it is the path
 * relative to the turning Earth.
 * @param {import("./world.js").World} world @param {import("./lines.js").Lines} lines
 */
export function showPaths(world, lines) {
  const { orbits, clock, camera, colours } = world, { now, duration } = clock;
  for (const index of world.chosen) {
    const state = orbits.state(index, now), orbit = state && ellipse(state.position, state.velocity);
    if (!orbit) continue;
    const last = index === world.current, bright = last ? 1 : 0.7;
    const colour = last ? rgb(THEMES[world.theme].chosen) : colours[world.group(index)];
    /** @type {Vector | null} */
    let before = null;
    for (let i = 0; i <= POINTS; i++) {
      const { offset, position } = orbit((i / POINTS - 0.5) * 2 * Math.PI), t = now + offset;
      const known = t >= 0 && t <= duration;
      const exact = known ? orbits.state(index, t)?.position ?? null : position;
      const p = exact && (camera.fixed ? turned(exact, orbits.angle(now) - orbits.angle(t)) : exact);
      if (before && p) lines.add(before, p, colour, bright * (!known ? 0.35 : offset > 0 ? 0.65 : 0.95));
      before = p;
    }
  }
}

/**
 * The ellipse of two bodies through a state; null if it is none.
 * @param {Vector} p km @param {Vector} v km/s
 * @returns {((turn: number) => {offset: number, position: Vector}) | null} eccentric anomaly from
 *   here on, rad -> seconds from here on, position
 */
export function ellipse(p, v) {
  const r = length(p), a = 1 / (2 / r - dot(v, v) / GRAVITY);
  if (!(a > 0)) return null;
  const h = cross(p, v), towards = minus(times(cross(v, h), 1 / GRAVITY), times(p, 1 / r));
  const e = length(towards), rate = Math.sqrt(GRAVITY / a ** 3);
  // axes towards the perigee and a quarter of a turn later; any in the plane for a circle
  const x = e > 1e-9 ? times(towards, 1 / e) : times(p, 1 / r), y = times(cross(h, x), 1 / length(h));
  const width = Math.sqrt(Math.max(0, 1 - e * e));
  const begin = Math.atan2(dot(p, y) / width, dot(p, x) + a * e);
  return (turn) => {
    const angle = begin + turn, c = a * (Math.cos(angle) - e), s = a * width * Math.sin(angle);
    return {
      offset: (turn - e * (Math.sin(angle) - Math.sin(begin))) / rate,
      position: [c * x[0] + s * y[0], c * x[1] + s * y[1], c * x[2] + s * y[2]],
    };
  };
}
