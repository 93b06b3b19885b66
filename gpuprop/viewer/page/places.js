// The panel of sites, their marks on the globe, and the layer of coverage.

import { THEMES } from "./colours.js";
import { element, input, make } from "./data.js";
import { thousands } from "./legend.js";
import { SiteViews } from "./sites.js";

/** @typedef {import("./world.js").World} World */

const ROWS = 4; // satellites that a site lists
const NEAR = 1200; // km; lines to satellites farther away are fainter

/** @param {World} world */
export function startPlaces(world) {
  const least = input("least"), adding = element("add-site");
  least.value = String(world.sites.least);
  least.oninput = () => {
    world.sites.least = Math.min(89, Math.max(0, Number(least.value)));
    world.update();
  };
  adding.onclick = () => {
    world.adding = !world.adding;
    world.update();
  };
  const layer = input("layer");
  const options = [...(world.data.coverage ?? []).map(({ title }) => title), "None"];
  layer.replaceChildren(...options.map((title, i) => {
    const option = /** @type {HTMLOptionElement} */ (make("option", "", title));
    option.value = String(i === options.length - 1 ? -1 : i);
    return option;
  }));
  layer.onchange = () => {
    world.layer = Number(layer.value);
    world.update();
  };
  function show() {
    adding.setAttribute("aria-pressed", String(world.adding));
    document.body.classList.toggle("adding", world.adding);
    element("sites-panel").hidden = !world.sites.sites.length && !world.adding;
    element("layer-panel").hidden = !world.data.coverage;
    const image = world.data.coverage?.[world.layer];
    layer.value = String(world.layer);
    element("scale").hidden = !image;
    if (!image) return;
    element("ramp").style.background = `linear-gradient(90deg, ${THEMES[world.theme].layer.join()})`;
    const written = (/** @type {number} */ value) => `${Number(value.toPrecision(3))}${image.unit && ` ${image.unit}`}`;
    element("low").textContent = written(image.low);
    element("high").textContent = written(image.high);
  }
  world.listeners.push(show);
}

/**
 * Draw lines from sites to their satellites, and show lists and marks.
 * @param {World} world @param {import("./lines.js").Lines} lines
 * @param {import("./colours.js").Rgb} colour @param {boolean} listed also renew the lists
 */
export function showSites(world, lines, colour, listed) {
  const { sites } = world.sites;
  marks(world);
  if (!sites.length) {
    if (listed) element("sites").replaceChildren();
    return;
  }
  const places = world.orbits.positions(world.clock.now), angle = world.angle;
  /** @type {HTMLElement[]} */
  const rows = [];
  for (const site of sites) {
    const views = world.sites.inView(site, places, angle, (index) => world.shows(index));
    const from = SiteViews.position(site, angle);
    for (const { index, range } of views) {
      const to = /** @type {[number, number, number]} */ ([places[3 * index], places[3 * index + 1], places[3 * index + 2]]);
      lines.add(from, to, colour, 0.6 * Math.min(1, NEAR / range)); // far ones would cover all others
    }
    if (listed) rows.push(row(world, site, views));
  }
  if (listed) element("sites").replaceChildren(...rows);
}

/** @param {World} world @param {import("./sites.js").Site} site @param {import("./sites.js").View[]} views */
function row(world, site, views) {
  const found = make("div", "site"), head = make("div", "title");
  head.append(make("bdi", "label", site.name), make("span", "count", `${thousands(views.length)} in view`));
  const list = make("ol");
  for (const { index, elevation, range } of views.slice(0, ROWS)) {
    const line = make("li");
    line.append(
      make("bdi", "label", world.name(index)),
      make("span", "count", `${elevation.toFixed(0)}° · ${thousands(Math.round(range))} km`),
    );
    line.onpointerdown = () => world.choose(index);
    list.append(line);
  }
  found.append(head, list);
  return found;
}

/** Put a mark and a name at every site. @param {World} world */
function marks(world) {
  const holder = element("marks"), { sites } = world.sites;
  while (holder.children.length > sites.length) holder.lastChild?.remove();
  sites.forEach((site, i) => {
    const mark = /** @type {HTMLElement} */ (holder.children[i] ?? holder.appendChild(make("bdi", "mark")));
    if (mark.textContent !== site.name) mark.textContent = site.name;
    const { x, y, hidden } = world.camera.project(SiteViews.position(site, world.angle));
    mark.style.display = hidden ? "none" : "";
    mark.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  });
}
