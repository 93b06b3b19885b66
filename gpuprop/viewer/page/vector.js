// Vectors of three numbers, and geodetic coordinates on WGS-84. Lengths in km, angles in radians.

/** @typedef {[number, number, number]} Vector */
/** @typedef {{lat: number, lon: number, height: number}} Place geodetic, rad and km */

export const EQUATOR = 6378.137;
export const FLATTENING = 1 / 298.257223563;
export const POLE = EQUATOR * (1 - FLATTENING);
export const DEGREE = Math.PI / 180;

/** @param {Vector} a @param {Vector} b @returns {number} */
export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** @param {Vector} a @param {Vector} b @returns {Vector} */
export function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** @param {Vector} a @param {Vector} b @returns {Vector} */
export function minus(a, b) {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** @param {Vector} a @param {number} k @returns {Vector} */
export function times(a, k) {
  return [a[0] * k, a[1] * k, a[2] * k];
}

/** @param {Vector} a @returns {number} */
export function length(a) {
  return Math.hypot(a[0], a[1], a[2]);
}

/** @param {Vector} a @returns {Vector} */
export function unit(a) {
  return times(a, 1 / length(a));
}

/**
 * Turn a vector about the z axis.
 * @param {Vector} a @param {number} angle @returns {Vector}
 */
export function turned(a, angle) {
  const c = Math.cos(angle), s = Math.sin(angle);
  return [c * a[0] - s * a[1], s * a[0] + c * a[1], a[2]];
}

/** Direction of a latitude and a longitude. @param {number} lat @param {number} lon @returns {Vector} */
export function direction(lat, lon) {
  const c = Math.cos(lat);
  return [c * Math.cos(lon), c * Math.sin(lon), Math.sin(lat)];
}

/** Earth-fixed position of a place. @param {Place} place @returns {Vector} */
export function positionOf({ lat, lon, height }) {
  const e2 = FLATTENING * (2 - FLATTENING), s = Math.sin(lat);
  const n = EQUATOR / Math.sqrt(1 - e2 * s * s), c = Math.cos(lat) * (n + height);
  return [c * Math.cos(lon), c * Math.sin(lon), (n * (1 - e2) + height) * s];
}

/**
 * Geodetic place of an Earth-fixed position. Source: Bowring 1976, one step.
 * @param {Vector} p @returns {Place}
 */
export function placeOf(p) {
  const e2 = FLATTENING * (2 - FLATTENING), w = Math.hypot(p[0], p[1]);
  const u = Math.atan2(p[2] * EQUATOR, w * POLE);
  const lat = Math.atan2(
    p[2] + (e2 / (1 - e2)) * POLE * Math.sin(u) ** 3,
    w - e2 * EQUATOR * Math.cos(u) ** 3,
  );
  const s = Math.sin(lat), n = EQUATOR / Math.sqrt(1 - e2 * s * s);
  const height = w * Math.cos(lat) + p[2] * s - (EQUATOR * EQUATOR) / n;
  return { lat, lon: Math.atan2(p[1], p[0]), height };
}
