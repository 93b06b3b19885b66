// What the page knows and shows; main.js draws it, and the panels change it.

import { Camera } from "./camera.js";
import { Clock } from "./clock.js";
import { groupColours, THEMES } from "./colours.js";
import { Orbits } from "./orbits.js";
import { SiteViews } from "./sites.js";
import { length, placeOf, turned } from "./vector.js";

/**
 * @typedef {object} Details
 * @property {string} name @property {number} number
 * @property {number} altitude km above the ellipsoid
 * @property {number} lat deg @property {number} lon deg
 * @property {number} speed km/s, inertial
 * @property {number} age days since the epoch of the element set; negative before it
 * @property {number} light share of sunlight
 * @property {number} error m, largest of the interpolation; NaN if it is not known
 */

export class World {
  /** @param {import("./data.js").Page} page */
  constructor(page) {
    this.page = page;
    this.data = page.data;
    this.orbits = new Orbits(page);
    this.clock = new Clock(page.data.start_ms, page.data.duration_s);
    this.camera = new Camera();
    this.sites = new SiteViews(this.data.sites, this.data.least_elevation);
    this.epochs = page.array("epochs", Float64Array);
    this.errors = page.array("error", Float32Array);
    this.groups = page.array("groups", Uint8Array); // of all groupings, one after the other
    this.theme = "dark";
    // the first that tells satellites apart: not by operator if none is known
    this.grouping = Math.max(0, this.data.groups.findIndex(({ labels, rest }) => labels.length > rest));
    this.shown = this.data.groups.map(({ labels }) => labels.map(() => true));
    this.layer = this.data.coverage ? 0 : -1;
    /** @type {number[]} */
    this.chosen = []; // satellites; the last one has its details shown
    this.following = false;
    /** @type {import("./sites.js").Site | null} */
    this.heading = null; // the site to which the camera turns
    this.hovered = -1;
    this.pointer = [0, 0]; // where the mouse is, pixels
    /** @type {import("./vector.js").Place | null} */
    this.ground = null; // under the mouse
    this.adding = false; // the next click on the ground adds a site
    this.version = 0; // counts updates
    /** @type {(() => void)[]} */
    this.listeners = [];
  }

  /** Tell the panels that something other than the time has changed. */
  update() {
    this.version++;
    for (const listen of this.listeners) listen();
  }

  get colours() {
    return groupColours(THEMES[this.theme], this.data.groups[this.grouping]);
  }

  get angle() {
    return this.orbits.angle(this.clock.now);
  }

  get sun() {
    return this.orbits.sun(this.clock.now);
  }

  /** The image of coverage that is shown. @returns {import("./data.js").CoverageImage | undefined} */
  get image() {
    return this.data.coverage?.[this.layer];
  }

  /** The satellite whose details are shown; -1 for none. */
  get current() {
    return this.chosen.length ? this.chosen[this.chosen.length - 1] : -1;
  }

  /** The group of a satellite. @param {number} index @param {number} [grouping] @returns {number} */
  group(index, grouping = this.grouping) {
    return this.groups[grouping * this.orbits.count + index];
  }

  /** Whether the group of a satellite is switched on. @param {number} index @returns {boolean} */
  shows(index) {
    return this.shown[this.grouping][this.group(index)];
  }

  /** @param {number} index -1 for none @param {boolean} [add] keep those chosen before */
  choose(index, add = false) {
    const others = add ? this.chosen.filter((each) => each !== index) : [];
    const again = add && others.length < this.chosen.length; // a second time: no longer
    this.chosen = !(index >= 0) || again ? others : [...others, index];
    if (!this.chosen.length) this.following = false;
    this.update();
  }

  /** @param {number} index @returns {string} */
  name(index) {
    return this.data.names[index] || `no. ${this.data.numbers[index]}`;
  }

  /** @param {number} index @param {number} [t] s since start @returns {Details | null} null without a position */
  details(index, t = this.clock.now) {
    const state = this.orbits.state(index, t);
    if (!state) return null;
    const place = placeOf(turned(state.position, -this.orbits.angle(t)));
    return {
      name: this.name(index),
      number: this.data.numbers[index],
      altitude: place.height,
      lat: (place.lat * 180) / Math.PI,
      lon: (place.lon * 180) / Math.PI,
      speed: length(state.velocity),
      age: (this.data.start_ms / 1000 + t - this.epochs[index]) / 86400,
      light: this.orbits.light(state.position, this.orbits.sun(t)),
      error: this.errors[index],
    };
  }

  /**
   * Find the satellite nearest to a pixel.
   * @param {number} x @param {number} y @param {number} reach pixels @returns {number} -1 for none
   */
  nearest(x, y, reach) {
    const places = this.orbits.positions(this.clock.now), { camera } = this;
    const { forward: f, right: r, up: u, position: o } = camera;
    const k = (camera.focal * camera.height) / 2;
    const middle = camera.width / 2 + camera.shift, centre = camera.height / 2 - camera.rise;
    let best = -1, least = reach * reach;
    for (let i = 0, j = 0; i < this.orbits.count; i++, j += 3) {
      const dx = places[j] - o[0], dy = places[j + 1] - o[1], dz = places[j + 2] - o[2];
      const scale = k / (dx * f[0] + dy * f[1] + dz * f[2]);
      const px = middle + (dx * r[0] + dy * r[1] + dz * r[2]) * scale - x;
      const py = centre - (dx * u[0] + dy * u[1] + dz * u[2]) * scale - y;
      const far = px * px + py * py;
      if (!(far < least) || scale < 0 || !this.shows(i)) continue;
      if (camera.project([places[j], places[j + 1], places[j + 2]]).hidden) continue;
      best = i;
      least = far;
    }
    return best;
  }

  /**
   * Search by name or number: those that begin with the text come first.
   * @param {string} text @returns {number[]} satellites
   */
  search(text) {
    const wanted = text.trim().toLowerCase(), { names, numbers } = this.data;
    if (!wanted) return [];
    /** @type {number[][]} */
    const found = [[], [], []];
    for (let i = 0; i < names.length; i++) {
      const name = names[i].toLowerCase(), number = String(numbers[i]);
      if (name === wanted || number === wanted) found[0].push(i);
      else if (name.startsWith(wanted) || number.startsWith(wanted)) found[1].push(i);
      else if (name.includes(wanted)) found[2].push(i);
    }
    return found.flat();
  }
}
