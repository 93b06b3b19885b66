// Mouse, touch and keyboard on the globe.

import { faster, play, turn } from "./bar.js";
import { showTip } from "./card.js";
import { element } from "./data.js";
import { turnWithEarth } from "./tools.js";
import { placeOf, turned } from "./vector.js";

/** @typedef {import("./world.js").World} World */

const CLICK = 6; // pixels that a click may move
const LONG_MS = 500; // of a long press
const REACH = { mouse: 12, pen: 16, touch: 24 }; // of a pointer to a satellite, pixels

/** @param {World} world @param {HTMLCanvasElement} canvas */
export function startPointer(world, canvas) {
  const { lat, lon, goal, fixed } = world.camera;
  const first = () => {
    turnWithEarth(world, fixed);
    Object.assign(world.camera, { lat, lon, goal });
    world.following = false;
    world.update();
  };
  /** @type {Map<number, PointerEvent>} */
  const down = new Map();
  let moved = 0, spread = 0, began = 0;
  const reach = (/** @type {PointerEvent} */ event) => REACH[/** @type {"mouse"} */ (event.pointerType)] ?? 12;

  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    down.set(event.pointerId, event);
    if (down.size === 1) [moved, began] = [0, event.timeStamp];
    spread = apart(down);
  };
  canvas.onpointermove = (event) => {
    const before = down.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") hover(world, event.offsetX, event.offsetY, reach(event));
      return;
    }
    const dx = event.offsetX - before.offsetX, dy = event.offsetY - before.offsetY;
    moved += Math.hypot(dx, dy);
    down.set(event.pointerId, event);
    if (down.size > 1) {
      const now = apart(down);
      if (spread > 0 && now > 0) world.camera.zoom(spread / now);
      spread = now;
      moved += CLICK;
    }
    if (moved > CLICK) {
      world.heading = null;
      if (world.following && down.size === 1) {
        world.following = false;
        world.update();
      }
      world.camera.drag(dx / down.size, dy / down.size);
      hover(world, -99, -99, 0);
    }
  };
  canvas.onpointerup = (event) => {
    down.delete(event.pointerId);
    spread = apart(down);
    const long = event.pointerType === "touch" && event.timeStamp - began > LONG_MS;
    if (moved <= CLICK && !down.size) click(world, event, reach(event), event.shiftKey || long);
  };
  canvas.onpointercancel = (event) => down.delete(event.pointerId);
  canvas.onpointerleave = () => hover(world, -99, -99, 0);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    world.camera.zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.0022));
  }, { passive: false });
  addEventListener("keydown", (event) => key(world, event, first));
}

/** @param {Map<number, PointerEvent>} down @returns {number} distance of two fingers */
function apart(down) {
  const [a, b] = down.values();
  return a && b ? Math.hypot(a.offsetX - b.offsetX, a.offsetY - b.offsetY) : 0;
}

/** @param {World} world @param {number} x @param {number} y @param {number} reach */
export function hover(world, x, y, reach) {
  const ground = reach ? world.camera.ground(x, y) : null;
  world.pointer = [x, y];
  world.hovered = reach ? world.nearest(x, y, reach) : -1;
  world.ground = ground && placeOf(turned(ground, -world.angle));
  showTip(world);
  element("globe").style.cursor = world.hovered >= 0 ? "pointer" : "";
}

/** @param {World} world @param {PointerEvent} event @param {number} reach @param {boolean} add */
function click(world, event, reach, add) {
  if (world.adding) {
    const ground = world.camera.ground(event.offsetX, event.offsetY);
    if (ground) {
      const { lat, lon } = placeOf(turned(ground, -world.angle));
      world.sites.toggle((lat * 180) / Math.PI, (lon * 180) / Math.PI);
    }
    world.adding = false;
    world.update();
    return;
  }
  const index = world.nearest(event.offsetX, event.offsetY, reach);
  if (index >= 0) world.choose(index, add);
  else if (!add) world.choose(-1);
}

/** @param {World} world @param {KeyboardEvent} event @param {() => void} first shows the first view again */
function key(world, event, first) {
  const typing = event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing && event.key !== "Escape") return;
  if (document.querySelector("dialog[open]") && event.key !== "?") return; // it scrolls, and Esc closes it
  const { camera, clock } = world;
  /** @type {Record<string, () => void>} */
  const actions = {
    " ": () => play(world),
    "ArrowLeft": () => camera.drag(40, 0),
    "ArrowRight": () => camera.drag(-40, 0),
    "ArrowUp": () => camera.drag(0, 40),
    "ArrowDown": () => camera.drag(0, -40),
    "+": () => camera.zoom(0.8),
    "=": () => camera.zoom(0.8),
    "-": () => camera.zoom(1.25),
    ",": () => clock.to(clock.now - 10),
    ".": () => clock.to(clock.now + 10),
    "[": () => faster(world, -1),
    "]": () => faster(world, 1),
    "r": () => turn(world),
    "/": () => element("search").focus(),
    "e": () => turnWithEarth(world, !camera.fixed),
    "0": first,
    "t": () => element("theme").click(),
    "s": () => element("add-site").click(),
    "?": () => element("info").click(),
    "f": () => world.current >= 0 && element("follow").click(),
    "Escape": () => world.adding ? element("add-site").click() : world.choose(-1),
  };
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action || (event.target instanceof HTMLButtonElement && event.key === " ")) return;
  event.preventDefault();
  action();
}
