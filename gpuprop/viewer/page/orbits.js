// Where satellites are: cubic Hermite curves between knots, as in the vertex shader.

import { dot, length } from "./vector.js";

/** @typedef {import("./vector.js").Vector} Vector */
/** @typedef {{first: number, satellites: number, times: Float64Array, knots: Float32Array}} Track satellites with knots at the same instants */
/** @typedef {{knot: number, fraction: number, step: number}} Interval */

export const SUN_RADIUS = 696000, SUN_DISTANCE = 149597871;

export class Orbits {
  /** @param {import("./data.js").Page} page */
  constructor({ data, array }) {
    const knots = array("knots", Float32Array), times = array("times", Float64Array);
    this.count = data.numbers.length;
    this.duration = data.duration_s;
    this.data = data;
    /** @type {Track[]} */
    this.tracks = [];
    let first = 0, floats = 0, instants = 0;
    for (const track of data.tracks) {
      const size = track.knots * track.satellites * 6;
      this.tracks.push({
        first,
        satellites: track.satellites,
        times: times.subarray(instants, instants + track.knots),
        knots: knots.subarray(floats, floats + size),
      });
      first += track.satellites;
      floats += size;
      instants += track.knots;
    }
    this.places = new Float64Array(3 * this.count);
    this.computed = NaN; // the time of `places`
  }

  /** Find the interval of a time. @param {Track} track @param {number} t s since start @returns {Interval} */
  interval({ times }, t) {
    let low = 0, high = times.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= t) low = middle;
      else high = middle - 1;
    }
    const step = times[low + 1] - times[low];
    return { knot: low, fraction: Math.min(1, Math.max(0, (t - times[low]) / step)), step };
  }

  /**
   * Compute the positions of all satellites, TEME, km; NaN where there is none.
   * @param {number} t s since start @returns {Float64Array} three numbers a satellite
   */
  positions(t) {
    if (this.computed === t) return this.places;
    const out = this.places;
    for (const track of this.tracks) {
      const { knot, fraction: u, step } = this.interval(track, t);
      const { knots, satellites, first } = track, w = 1 - u;
      const a = w * w * (1 + 2 * u), b = u * u * (1 + 2 * w);
      const c = w * w * u * step, d = -u * u * w * step;
      let i = knot * satellites * 6, j = i + satellites * 6, k = 3 * first;
      for (let n = 0; n < satellites; n++, i += 6, j += 6, k += 3) {
        const none = (knots[i] === 0 && knots[i + 1] === 0 && knots[i + 2] === 0) ||
          (knots[j] === 0 && knots[j + 1] === 0 && knots[j + 2] === 0);
        for (let axis = 0; axis < 3; axis++) {
          out[k + axis] = none ? NaN : a * knots[i + axis] + b * knots[j + axis] +
            c * knots[i + 3 + axis] + d * knots[j + 3 + axis];
        }
      }
    }
    this.computed = t;
    return out;
  }

  /**
   * Compute the state of one satellite, TEME, km and km/s; null if it has none.
   * @param {number} index @param {number} t s since start
   * @returns {{position: Vector, velocity: Vector} | null}
   */
  state(index, t) {
    const track = this.tracks.find((each) => index < each.first + each.satellites);
    if (!track || index < 0) return null;
    const { knot, fraction: u, step } = this.interval(track, t), { knots } = track, w = 1 - u;
    const i = (knot * track.satellites + index - track.first) * 6, j = i + track.satellites * 6;
    /** @type {Vector} */
    const position = [0, 0, 0];
    /** @type {Vector} */
    const velocity = [0, 0, 0];
    for (let axis = 0; axis < 3; axis++) {
      const p = knots[i + axis], q = knots[j + axis], v = knots[i + 3 + axis], z = knots[j + 3 + axis];
      position[axis] = w * w * (1 + 2 * u) * p + u * u * (1 + 2 * w) * q +
        (w * w * u * v - u * u * w * z) * step;
      velocity[axis] = (6 * u * w * (q - p)) / step + w * (1 - 3 * u) * v + u * (3 * u - 2) * z;
    }
    const some = (/** @type {number} */ k) => knots[k] !== 0 || knots[k + 1] !== 0 || knots[k + 2] !== 0;
    return some(i) && some(j) ? { position, velocity } : null;
  }

  /** Angle of the Earth's rotation, rad. @param {number} t s since start */
  angle(t) {
    return this.data.angle_rad + this.data.rate_rad_s * t;
  }

  /** Direction of the Sun, TEME. @param {number} t s since start @returns {Vector} */
  sun(t) {
    const { sun } = this.data, last = sun.length - 1;
    const place = Math.min(last, Math.max(0, (t / this.duration) * last));
    const i = Math.min(last - 1, Math.floor(place)), u = place - i;
    const [a, b] = [sun[i], sun[i + 1]];
    const sum = /** @type {Vector} */ ([0, 1, 2].map((k) => a[k] * (1 - u) + b[k] * u));
    const size = length(sum);
    return [sum[0] / size, sum[1] / size, sum[2] / size];
  }

  /**
   * Share of sunlight at a position: 0 in the umbra, 1 outside the penumbra. Space is stretched
   * along the axis, which makes the Earth a sphere.
   * @param {Vector} position @param {Vector} sun @returns {number}
   */
  light(position, sun) {
    const stretch = 1 / (1 - 1 / 298.257223563), radius = 6378.137;
    /** @type {Vector} */
    const p = [position[0], position[1], position[2] * stretch];
    const long = Math.hypot(sun[0], sun[1], sun[2] * stretch);
    /** @type {Vector} */
    const s = [sun[0] / long, sun[1] / long, (sun[2] * stretch) / long];
    const behind = -dot(p, s);
    if (behind <= 0) return 1;
    const off = Math.sqrt(Math.max(0, dot(p, p) - behind * behind));
    const distance = SUN_DISTANCE * long;
    const umbra = radius - (behind * (SUN_RADIUS - radius)) / distance;
    const penumbra = radius + (behind * (SUN_RADIUS + radius)) / distance;
    return Math.min(1, Math.max(0, (off - umbra) / (penumbra - umbra)));
  }
}
