// The panel of sites, their marks on the globe, and the panel of the coverage layer.

import { rgb, THEMES } from "./colours.js";
import { element, input, make } from "./data.js";
import { layerPixels, layerRange, layerText, layerValue } from "./layers.js";
import { thousands } from "./legend.js";
import { shortName } from "./rings.js";
import { SiteViews } from "./sites.js";

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./sites.js").Site} Site */
/** @typedef {import("./sites.js").View} View */

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
  world.listeners.push(() => {
    adding.setAttribute("aria-pressed", String(world.adding));
    document.body.classList.toggle("adding", world.adding);
    element("sites-panel").hidden = !world.sites.sites.length && !world.adding;
  });
  startLayer(world);
}

/** The panel of the coverage layer: its choice of columns and its scale. @param {World} world */
function startLayer(world) {
  const { data, page } = world, layer = input("layer");
  element("layer-panel").hidden = !data.coverage;
  if (!data.coverage) return;
  const options = [...data.coverage.map(({ title }) => title), "None"];
  layer.replaceChildren(...options.map((title, i) => {
    const option = /** @type {HTMLOptionElement} */ (make("option", "", title));
    option.value = String(i === options.length - 1 ? -1 : i);
    return option;
  }));
  layer.onchange = () => {
    world.layer = Number(layer.value);
    world.update();
  };
  element("layer-source").textContent = [data.about.Coverage].flat().join(", ");
  world.listeners.push(() => {
    const { image } = world;
    layer.value = String(world.layer);
    element("scale").hidden = !image;
    if (!image) return;
    const { low, high } = layerRange(image, layerPixels(page, image));
    element("ramp").style.background = `linear-gradient(90deg, ${THEMES[world.theme].layer.join()})`;
    element("low").textContent = `${low > 0 ? "≤ " : ""}${layerText(image, layerValue(image, low))}`;
    element("high").textContent = `${high < 254 ? "≥ " : ""}${layerText(image, layerValue(image, high))}`;
  });
}

/**
 * Draw lines from sites to their satellites, and show lists and marks.
 * @param {World} world @param {import("./lines.js").Lines} lines @param {boolean} listed also renew the lists
 */
export function showSites(world, lines, listed) {
  const { sites } = world.sites, theme = THEMES[world.theme];
  marks(world);
  const holder = element("sites");
  if (listed) while (holder.children.length > sites.length) holder.lastChild?.remove();
  if (!sites.length) return;
  const places = world.orbits.positions(world.clock.now), angle = world.angle;
  sites.forEach((site, i) => {
    const views = world.sites.inView(site, places, angle, (index) => world.shows(index));
    const from = SiteViews.position(site, angle), near = Math.max(NEAR, Math.min(...views.map(({ range }) => range)));
    for (const { index, range } of views) {
      const to = /** @type {[number, number, number]} */ ([places[3 * index], places[3 * index + 1], places[3 * index + 2]]);
      const chosen = index === world.current; // the lines to far satellites would cover all others
      lines.add(from, to, rgb(chosen ? theme.chosen : theme.site), chosen ? 1 : 0.6 * Math.min(1, near / range) ** 1.25);
    }
    if (listed) tell(world, /** @type {HTMLElement} */ (holder.children[i] ?? holder.appendChild(block(world))), site, views);
  });
}

/** Make the part of the list that belongs to one site; it stays, so that focus stays. @param {World} world */
function block(world) {
  const made = make("div", "site"), head = make("div", "title"), list = make("ol");
  const place = () => world.sites.sites[[...(made.parentElement?.children ?? [])].indexOf(made)];
  const name = button("label", "Turn the globe to this site", () => {
    world.following = false;
    world.heading = place();
    world.update();
  });
  name.append(make("bdi"));
  const gone = button("sign plain", "Remove this site", () => {
    world.sites.sites.splice(world.sites.sites.indexOf(place()), 1);
    world.update();
  });
  gone.textContent = "×";
  head.append(name, make("span", "count"), gone);
  made.append(head, list);
  return made;
}

/** @param {string} kind @param {string} title @param {() => void} act @returns {HTMLButtonElement} */
function button(kind, title, act) {
  const made = /** @type {HTMLButtonElement} */ (make("button", kind));
  made.type = "button";
  made.title = title;
  made.setAttribute("aria-label", title);
  made.onclick = act;
  return made;
}

/** Say what a site sees. @param {World} world @param {HTMLElement} shown @param {Site} site @param {View[]} views */
function tell(world, shown, site, views) {
  const [head, list] = shown.children, [name, count] = head.children;
  put(name.firstElementChild, site.name);
  put(count, `${thousands(views.length)} in view`);
  const rows = views.slice(0, ROWS);
  while (list.children.length > rows.length) list.lastChild?.remove();
  rows.forEach(({ index, elevation, range }, i) => {
    const row = /** @type {HTMLElement} */ (list.children[i] ?? list.appendChild(line(world)));
    row.dataset.index = String(index);
    put(row.children[0], world.name(index));
    put(row.children[1], `${elevation.toFixed(0)}°`);
    put(row.children[2], `${thousands(Math.round(range))} km`);
  });
}

/** Make a row for a satellite in view. @param {World} world */
function line(world) {
  const made = make("li");
  made.append(make("bdi", "label"), make("span", "count"), make("span", "count far"));
  made.tabIndex = 0;
  made.title = "Elevation and distance. Click: choose this satellite";
  // what stands in the row may change between pressing and releasing
  made.onpointerdown = () => world.choose(Number(made.dataset.index));
  made.onkeydown = (event) => event.key === "Enter" && world.choose(Number(made.dataset.index));
  return made;
}

/** @param {Element | null} holder @param {string} text */
function put(holder, text) {
  if (holder && holder.textContent !== text) holder.textContent = text;
}

/** Put a mark and a name at every site. @param {World} world */
function marks(world) {
  const holder = element("marks"), { sites } = world.sites;
  while (holder.children.length > sites.length) holder.lastChild?.remove();
  sites.forEach((site, i) => {
    const mark = /** @type {HTMLElement} */ (holder.children[i] ?? holder.appendChild(make("bdi", "mark")));
    put(mark, shortName(site.name));
    const { x, y, hidden } = world.camera.project(SiteViews.position(site, world.angle));
    mark.style.display = hidden ? "none" : "";
    mark.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  });
}
