// The page: it reads its data, starts the panels, and draws picture after picture.

import { startAbout } from "./about.js";
import { startBar } from "./bar.js";
import { showTip, startCard } from "./card.js";
import { THEMES } from "./colours.js";
import { element, readPage } from "./data.js";
import { Earth } from "./earth.js";
import { startLegend } from "./legend.js";
import { Lines } from "./lines.js";
import { showPaths } from "./paths.js";
import { showSites, startPlaces } from "./places.js";
import { startPointer } from "./pointer.js";
import { drawnPositions } from "./readback.js";
import { showRings } from "./rings.js";
import { Satellites } from "./satellites.js";
import { startSearch } from "./search.js";
import { SiteViews } from "./sites.js";
import { startTools } from "./tools.js";
import { DEGREE, direction, dot } from "./vector.js";
import { World } from "./world.js";

const LISTS = 250; // ms between two renewals of lists and details
const FEW = 6; // satellites whose orbits are shown at first
const WIDE = 760; // pixels from which panels stand beside the globe

/** Start the page. @returns {void} */
function main() {
  const page = readPage(), world = new World(page), { camera, clock, orbits } = world;
  const canvas = /** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (element("globe")));
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: false });
  if (!gl) throw new Error("This page needs WebGL 2, which this browser does not offer.");
  const earth = new Earth(gl, page), lines = new Lines(gl);
  const satellites = new Satellites(gl, orbits, world.groups);
  const [site] = world.sites.sites; // who gives a site wants to see it
  camera.lon = site ? site.lon * DEGREE + world.angle : firstLongitude(world);
  if (site) camera.lat = Math.min(site.lat * DEGREE + 0.8, Math.max(site.lat * DEGREE - 0.8, camera.lat));
  camera.goal = camera.distance = firstDistance(world);
  element("title").textContent = page.data.title;
  if (orbits.count <= FEW) world.chosen = world.data.numbers.map((_, i) => i); // few points are not found at once
  world.following = orbits.count === 1;
  startLegend(world);
  startSearch(world);
  startPlaces(world);
  startAbout(world);
  startTools(world);
  const tellCard = startCard(world), tellBar = startBar(world);
  startPointer(world, canvas);
  canvas.addEventListener("webglcontextlost", () =>
    tellProblem("The browser took the graphics memory of this page. Load the page again."));
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) clock.playing = false;
  let shownLayer = -2, pictures = 0, last = performance.now(), listed = 0, before = "";
  world.listeners.push(() => {
    satellites.paint(world.grouping, world.colours, world.shown[world.grouping]);
    if (shownLayer !== world.layer) earth.showLayer(shownLayer = world.layer);
    document.documentElement.dataset.theme = world.theme;
    listed = 0;
  });
  world.update();

  /** @param {number} wall ms */
  function picture(wall) {
    const seconds = Math.min(0.25, Math.max(0, (wall - last) / 1000));
    last = wall;
    clock.pass(seconds);
    move(seconds);
    // nothing is drawn while nothing changes
    const now = [clock.now, world.version, world.hovered, camera.lat, camera.lon, camera.distance.toFixed(1),
      camera.rise.toFixed(1), camera.shift.toFixed(1), canvas.width, canvas.height].join();
    if (now !== before) {
      before = now;
      draw(wall);
      pictures++;
    }
    requestAnimationFrame(picture);
  }
  /** Fit the camera to the window, and move it. @param {number} seconds since the last picture */
  function move(seconds) {
    const ratio = Math.min(2, devicePixelRatio || 1), { clientWidth: width, clientHeight: height } = canvas;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const { shift, rise } = free(width, height), share = 1 - Math.exp(-6 * seconds);
    camera.resize(width, height, shift, rise, seconds);
    const state = world.following ? orbits.state(world.current, clock.now) : null;
    if (state) camera.follow(state.position, world.angle, share);
    else if (world.heading) {
      const apart = camera.follow(SiteViews.position(world.heading, world.angle), world.angle, share);
      if (apart < 1e-4) world.heading = null;
    }
    camera.pass(seconds);
    camera.aim(world.angle);
  }
  /** @param {number} wall ms */
  function draw(wall) {
    if (!gl) return;
    const t = clock.now, angle = world.angle, sun = world.sun, theme = THEMES[world.theme];
    const ratio = canvas.width / camera.width;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...theme.sky, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    earth.draw(camera, angle, sun, theme);
    const renew = wall - listed > LISTS;
    lines.clear();
    showSites(world, lines, renew);
    lines.draw(camera, 1.1);
    lines.clear();
    showPaths(world, lines);
    lines.draw(camera, 2);
    satellites.draw(camera, t, sun, pointSize(orbits.count, camera) * ratio, world.current);
    showRings(world);
    if (renew) {
      tellCard();
      if (!element("tip").hidden) showTip(world);
      listed = wall;
    }
    tellBar();
  }
  requestAnimationFrame(picture);
  const pixel = new Uint8Array(4);
  /** @type {any} */ (globalThis).gpuprop = {
    world,
    get pictures() {
      return pictures;
    },
    /** @param {number} t s since start @returns {Float32Array} as drawn: TEME, km */
    drawn: (t) => drawnPositions(satellites, camera, t),
    /** @param {number} index @returns {{x: number, y: number, hidden: boolean}} pixels */
    screen: (index) => {
      const p = orbits.positions(clock.now);
      return camera.project([p[3 * index], p[3 * index + 1], p[3 * index + 2]]);
    },
    /** Draw now, without waiting for the browser, and with the camera where it goes. */
    draw: () => {
      move(10);
      draw(performance.now() + LISTS);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // waits for the GPU
    },
  };
  document.body.dataset.ready = "";
}

/**
 * Find how far the middle of what panels leave free is from the middle of the window.
 * @param {number} width @param {number} height @returns {{shift: number, rise: number}} to the right, up
 */
function free(width, height) {
  const beside = element("side").clientHeight > 0;
  if (width > WIDE) return { shift: beside ? 0 : Math.min(135, width / 10), rise: 0.02 * height };
  const covered = [element("bar"), element("side"), element("legend")].filter((panel) => panel.clientHeight > 0);
  const bottom = Math.min(...covered.map((panel) => panel.getBoundingClientRect().top));
  const top = element("tools").getBoundingClientRect().bottom;
  return { shift: 0, rise: Math.max(0, (height - top - bottom) / 2) };
}

/** Choose a longitude on the day side from which much land is seen. @param {World} world @returns {number} */
function firstLongitude({ page, sun, angle, camera }) {
  const coast = page.array("coast_points", Int16Array), noon = Math.atan2(sun[1], sun[0]);
  let best = noon, most = -1;
  for (const lon of [0.8, -0.8, 0.4, -0.4, 0].map((offset) => noon + offset)) {
    const towards = direction(camera.lat, lon - angle);
    let near = 0;
    for (let i = 0; i < coast.length; i += 2) {
      const p = direction((coast[i + 1] * DEGREE) / 100, (coast[i] * DEGREE) / 100);
      if (Math.abs(coast[i + 1]) < 6000 && dot(p, towards) > 0.7) near++;
    }
    if (near > most) [best, most] = [lon, near];
  }
  return best;
}

/** Choose a distance from which nine of ten satellites are seen. @param {World} world @returns {number} km */
function firstDistance({ orbits, camera }) {
  const places = orbits.positions(0), radii = new Float64Array(orbits.count);
  for (let i = 0, j = 0; i < radii.length; i++, j += 3) {
    radii[i] = Math.hypot(places[j], places[j + 1], places[j + 2]) || 0;
  }
  return Math.max(camera.distance, 3.2 * radii.sort()[Math.floor(0.9 * (radii.length - 1))]);
}

/**
 * Size of points: smaller if there are many, larger if the Earth is large in the picture.
 * @param {number} count of satellites @param {import("./camera.js").Camera} camera
 * @returns {number} pixels of CSS
 */
function pointSize(count, { radius }) {
  const base = count > 15000 ? 2.9 : count > 4000 ? 3.3 : count > 800 ? 4.2 : 6;
  return base * Math.min(2.5, Math.max(0.72, Math.sqrt(radius / 285)));
}

/** @param {string} text what is wrong, in place of a picture */
function tellProblem(text) {
  const problem = element("problem");
  problem.hidden = false;
  problem.textContent = text;
}

try {
  main();
} catch (error) {
  tellProblem(error instanceof Error ? error.message : String(error));
  throw error;
}
