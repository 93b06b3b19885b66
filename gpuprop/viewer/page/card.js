// The details of satellites: the card of the chosen one, and the tip of the one under the pointer.

import { css } from "./colours.js";
import { element, make } from "./data.js";
import { thousands } from "./legend.js";
import { named } from "./sites.js";

/** @typedef {import("./world.js").World} World */

/** @param {World} world @param {number} index @returns {[string, string][]} */
function facts(world, index) {
  const found = world.details(index);
  if (!found) return [["Position", "none at this time"]];
  const light = found.light >= 1 ? "sunlit" : found.light > 0 ? "in penumbra" : "in shadow";
  const age = found.age.toFixed(Math.abs(found.age) < 10 ? 1 : 0).replace(/^-(0\.0)$/, "$1").replace("-", "−");
  return [
    ["Altitude", `${thousands(Math.round(found.altitude))} km`],
    ["Speed", `${found.speed.toFixed(2)} km/s`],
    ["Age of its set", `${age} days`],
    ["Above", named(found.lat, found.lon)],
    ["Light", light],
  ];
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
    const operator = world.data.groups[0].labels[world.group(index, 0)];
    element("number").textContent = `${world.data.numbers[index]} · ${operator}`;
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

/**
 * Show the tip of the satellite under the pointer.
 * @param {World} world @param {number} x @param {number} y
 */
export function showTip(world, x, y) {
  const tip = element("tip"), index = world.hovered;
  tip.hidden = index < 0;
  if (index < 0) return;
  const dot = make("span", "dot");
  dot.style.background = css(world.colours[world.group(index)]);
  const title = make("div", "title");
  title.append(dot, make("bdi", "label", world.name(index)), make("span", "count", String(world.data.numbers[index])));
  const list = make("dl");
  fill(list, facts(world, index).slice(0, 3));
  tip.replaceChildren(title, list);
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.min(x + 14, world.camera.width - box.width - 8)}px`;
  tip.style.top = `${y + 18 + box.height < world.camera.height ? y + 18 : y - box.height - 12}px`;
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
