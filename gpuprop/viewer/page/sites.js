// Sites on the ground: which satellites stand above the minimum elevation.

import { DEGREE, direction, minus, positionOf, turned } from "./vector.js";

/** @typedef {import("./vector.js").Vector} Vector */
/** @typedef {{name: string, lat: number, lon: number, height: number}} Site deg and km */
/** @typedef {{index: number, elevation: number, range: number}} View deg and km */

export class SiteViews {
  /** @param {Site[]} sites @param {number} least deg */
  constructor(sites, least) {
    this.sites = [...sites];
    this.least = least;
  }

  /** @param {Site} site @returns {{position: Vector, up: Vector}} Earth-fixed */
  static ground({ lat, lon, height }) {
    const place = { lat: lat * DEGREE, lon: lon * DEGREE, height };
    return { position: positionOf(place), up: direction(place.lat, place.lon) };
  }

  /**
   * Position in TEME. @param {Site} site @param {number} angle of the Earth's rotation
   */
  static position(site, angle) {
    return turned(SiteViews.ground(site).position, angle);
  }

  /**
   * Find the satellites in view, highest first.
   * @param {Site} site @param {Float64Array} places TEME @param {number} angle
   * @param {(index: number) => boolean} counts whether a satellite is switched on
   * @returns {View[]}
   */
  inView(site, places, angle, counts) {
    const { position, up } = SiteViews.ground(site), p = turned(position, angle), n = turned(up, angle);
    const sine = Math.sin(this.least * DEGREE), square = sine * sine;
    /** @type {View[]} */
    const found = [];
    for (let i = 0, j = 0; j < places.length; i++, j += 3) {
      const dx = places[j] - p[0], dy = places[j + 1] - p[1], dz = places[j + 2] - p[2];
      const rise = dx * n[0] + dy * n[1] + dz * n[2];
      if (!(rise >= 0)) continue;
      const range2 = dx * dx + dy * dy + dz * dz;
      if (rise * rise < square * range2 || !counts(i)) continue;
      const range = Math.sqrt(range2);
      found.push({ index: i, elevation: Math.asin(rise / range) / DEGREE, range });
    }
    return found.sort((a, b) => b.elevation - a.elevation);
  }

  /** Add a site, or remove it if one is there. @param {number} lat @param {number} lon deg */
  toggle(lat, lon) {
    const p = SiteViews.ground({ name: "", lat, lon, height: 0 }).position;
    const near = this.sites.findIndex((site) => Math.hypot(...minus(p, SiteViews.ground(site).position)) < 120);
    if (near >= 0) this.sites.splice(near, 1);
    else this.sites.push({ name: named(lat, lon), lat, lon, height: 0 });
  }
}

/** @param {number} lat @param {number} lon deg */
export function named(lat, lon) {
  const ns = lat < 0 ? "S" : "N", we = lon < 0 ? "W" : "E";
  return `${Math.abs(lat).toFixed(1)}° ${ns}, ${Math.abs(lon).toFixed(1)}° ${we}`;
}
