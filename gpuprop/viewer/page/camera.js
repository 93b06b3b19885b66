// The camera: it looks at the centre of the Earth, from a latitude, a longitude and a distance.

import { cross, direction, dot, EQUATOR, minus, POLE, times, unit } from "./vector.js";

/** @typedef {import("./vector.js").Vector} Vector */

const FIELD = 40 * (Math.PI / 180); // of view, from top to bottom
const NEAREST = EQUATOR + 120, FARTHEST = 400000;
const HALO = 1.13; // radii of the Earth
const TOP = 1.55; // rad of latitude

export class Camera {
  constructor() {
    this.lat = 0.35;
    this.lon = 0;
    this.distance = 4.4 * EQUATOR;
    this.goal = this.distance; // of a zoom that is under way
    this.fixed = false; // turns with the Earth
    this.width = 1;
    this.height = 1;
    this.shift = 0; // of the centre to the right, in pixels: panels cover the left
    this.rise = 0; // of the centre, in pixels: on a phone panels cover the lower part
    this.focal = 1 / Math.tan(FIELD / 2);
    /** @type {Vector} */
    this.position = [this.distance, 0, 0]; // in TEME, as the axes of the picture
    /** @type {Vector} */
    this.forward = [-1, 0, 0];
    /** @type {Vector} */
    this.right = [0, 1, 0];
    /** @type {Vector} */
    this.up = [0, 0, 1];
    this.aim(0);
  }

  /**
   * Fit the picture to the window. @param {number} width @param {number} height pixels of CSS
   * @param {number} shift @param {number} rise to which the centre goes @param {number} seconds since the last
   */
  resize(width, height, shift, rise, seconds) {
    const first = this.width === 1;
    this.width = width;
    this.height = height;
    const share = first ? 1 : 1 - Math.exp(-8 * seconds);
    this.shift += (shift - this.shift) * share;
    this.rise += (rise - this.rise) * share;
    if (first && width - 2 * shift < height) {
      this.goal = this.distance *= Math.min(2.2, (height / (width - 2 * shift)) ** 0.85);
    }
  }

  /**
   * Compute position and axes in TEME.
   * @param {number} angle of the Earth's rotation
   */
  aim(angle) {
    const towards = direction(this.lat, this.lon + (this.fixed ? angle : 0));
    this.position = times(towards, this.distance);
    this.forward = times(towards, -1);
    this.right = unit(cross(this.forward, [0, 0, 1]));
    this.up = cross(this.right, this.forward);
  }

  /** Tangent of the angle from the centre of the Earth to the end of its halo; Infinity inside it. */
  get tangent() {
    const sine = (EQUATOR * HALO) / this.distance;
    return sine < 0.95 ? sine / Math.sqrt(1 - sine * sine) : Infinity;
  }

  /** Radius of the Earth in the picture, pixels of CSS. */
  get radius() {
    return (this.focal * this.height / 2) * EQUATOR / Math.sqrt(this.distance ** 2 - EQUATOR ** 2);
  }

  /** Change the frame; the picture stays. @param {boolean} fixed @param {number} angle */
  setFixed(fixed, angle) {
    if (fixed !== this.fixed) this.lon += fixed ? -angle : angle;
    this.fixed = fixed;
  }

  /** @param {number} dx @param {number} dy pixels that the Earth is to move */
  drag(dx, dy) {
    const scale = Math.min(0.008, ((this.distance - EQUATOR * 0.98) / EQUATOR) / (this.focal * this.height / 2));
    this.lon -= (dx * scale) / Math.max(0.2, Math.cos(this.lat));
    this.lat = Math.min(TOP, Math.max(-TOP, this.lat + dy * scale));
  }

  /** @param {number} factor of the height above the ground */
  zoom(factor) {
    const height = (this.goal - EQUATOR) * factor;
    this.goal = Math.min(FARTHEST, Math.max(NEAREST, EQUATOR + height));
  }

  /**
   * Turn so as to look down on a position in TEME.
   * @param {Vector} p @param {number} angle @param {number} share of the way
   * @returns {number} rad that are left
   */
  follow(p, angle, share) {
    const lat = Math.asin(p[2] / Math.hypot(...p));
    const lon = Math.atan2(p[1], p[0]) - (this.fixed ? angle : 0);
    const around = lon - this.lon, turn = around - 2 * Math.PI * Math.round(around / (2 * Math.PI));
    const rise = Math.min(TOP, Math.max(-TOP, lat)) - this.lat;
    this.lon += share * turn;
    this.lat += share * rise;
    return (1 - share) * Math.hypot(turn, rise);
  }

  /** Go on with a zoom. @param {number} seconds since the last picture */
  pass(seconds) {
    this.distance += (this.goal - this.distance) * (1 - Math.exp(-10 * seconds));
  }

  /**
   * Project a position. @param {Vector} p TEME
   * @returns {{x: number, y: number, hidden: boolean}} pixels; hidden behind the Earth or the camera
   */
  project(p) {
    const d = minus(p, this.position), depth = dot(d, this.forward);
    const scale = (this.focal * this.height) / 2 / depth;
    return {
      x: this.width / 2 + this.shift + dot(d, this.right) * scale,
      y: this.height / 2 - this.rise - dot(d, this.up) * scale,
      hidden: depth <= 0 || this.#behind(p),
    };
  }

  /** @param {Vector} p @returns {boolean} */
  #behind(p) {
    const o = scaled(this.position), d = minus(scaled(p), o);
    const along = -dot(o, d) / dot(d, d);
    if (along <= 0 || along >= 1) return false;
    const near = dot(o, o) - along * along * dot(d, d);
    return near < 0.9995;
  }

  /**
   * Find the place on the ground under a pixel, TEME; null for the sky.
   * @param {number} x @param {number} y @returns {Vector | null}
   */
  ground(x, y) {
    const { position, forward, right, up } = this, k = 2 / (this.focal * this.height);
    const across = (x - this.width / 2 - this.shift) * k, above = (this.height / 2 - this.rise - y) * k;
    const ray = /** @type {Vector} */ ([0, 1, 2].map((i) =>
      forward[i] + across * right[i] + above * up[i]
    ));
    const o = scaled(position), d = scaled(ray);
    const b = dot(o, d), a = dot(d, d), inside = b * b - a * (dot(o, o) - 1);
    if (inside < 0) return null;
    const along = (-b - Math.sqrt(inside)) / a;
    return /** @type {Vector} */ ([0, 1, 2].map((i) => position[i] + along * ray[i]));
  }
}

/** Stretch the ellipsoid to the unit sphere. @param {Vector} p @returns {Vector} */
function scaled(p) {
  return [p[0] / EQUATOR, p[1] / EQUATOR, p[2] / POLE];
}
