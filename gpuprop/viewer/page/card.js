// The details of satellites: the card of the chosen one, and the tip of the one under the pointer.

import { css } from "./colours.js";
import { element, make } from "./data.js";
import { layerAt, layerPixels, layerText } from "./layers.js";
import { thousands } from "./legend.js";
import { named } from "./sites.js";
import { DEGREE } from "./vector.js";

/** @typedef {import("./world.js").World} World */

/** @param {World} world @param {number} index @returns {[string, string][]} */
function facts(world, index) {
  const found = world.details(index);
  if (!found) return [["Position", "none at this time"]];
  const light = found.light >= 1 ? "sunlit" : found.light > 0 ? "in penumbra" : "in shadow";
  const days = Math.abs(found.age), age = `${days.toFixed(days < 10 ? 1 : 0)} days`;
  const rows = /** @type {[string, string][]} */ ([
    ["Altitude", `${thousands(Math.round(found.altitude))} km`],
    ["Speed", `${found.speed.toFixed(2)} km/s`],
    ["Element set", found.age < -0.05 ? `${age} ahead` : `${age} old`],
    ["Light", light],
    ["Above", named(found.lat, found.lon)],
  ]);
  if (Number.isFinite(found.error)) rows.push(["Drawn within", `${Math.ceil(found.error)} m`]);
  return rows;
}

/** @param {World} world */
export function startCard(world) {
  const card = element("card"), list = element("facts"), follow = element("follow");
  element("unchoose").onclick = () => world.choose(-1);
  follow.onclick = () => {
    world.following = !world.following;
    world.update();
  };
  function show() {
    const index = world.current;
    card.hidden = index < 0;
    if (index < 0) return;
    element("name").textContent = world.name(index);
    element("name").title = world.name(index).slice(0, 400);
    const known = world.data.groups.flatMap(({ name, labels, rest }, grouping) => {
      const group = world.group(index, grouping);
      return name === "altitude" || group >= labels.length - rest ? [] : [labels[group]];
    });
    element("number").textContent = [world.data.numbers[index], ...known].join(" · ");
    follow.setAttribute("aria-pressed", String(world.following));
    const others = world.chosen.length - 1;
    element("others").textContent = others ? `and ${others} more chosen` : "";
    tell();
  }
  function tell() {
    if (world.current >= 0) fill(list, facts(world, world.current));
  }
  world.listeners.push(show);
  return tell;
}

/** Show the tip of what is under the pointer: a satellite, or a value of coverage. @param {World} world */
export function showTip(world) {
  const tip = element("tip"), index = world.hovered, [x, y] = world.pointer;
  const rows = index >= 0 ? facts(world, index).slice(0, 3) : groundFacts(world);
  tip.hidden = !rows.length;
  if (!rows.length) return;
  const list = make("dl");
  fill(list, rows);
  tip.replaceChildren(list);
  if (index >= 0) {
    const dot = make("span", "dot"), title = make("div", "title");
    dot.style.background = css(world.colours[world.group(index)]);
    title.append(dot, make("bdi", "label", world.name(index)), make("span", "count", String(world.data.numbers[index])));
    tip.prepend(title);
  }
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(x + 14, world.camera.width - box.width - 8)}px`;
  tip.style.top = `${y + 18 + box.height < world.camera.height ? y + 18 : y - box.height - 12}px`;
}

/** @param {World} world @returns {[string, string][]} the value of the layer under the pointer */
function groundFacts({ image, ground, page }) {
  if (!image || !ground) return [];
  const value = layerAt(image, layerPixels(page, image), ground);
  return [
    [image.title, value === null ? "none" : layerText(image, value)],
    ["At", named(ground.lat / DEGREE, ground.lon / DEGREE)],
  ];
}

/** @param {HTMLElement} list @param {[string, string][]} rows */
export function fill(list, rows) {
  if (list.children.length !== 2 * rows.length) {
    list.replaceChildren(...rows.flatMap(() => [make("dt"), make("dd")]));
  }
  rows.flat().forEach((text, i) => {
    if (list.children[i].textContent !== text) list.children[i].textContent = text;
  });
}
