// The legend: what the colours mean, how many satellites a group has, and which are shown.

import { css } from "./colours.js";
import { element, input, make } from "./data.js";

const TITLES = /** @type {Record<string, string>} */ (
  { operator: "Operator", shell: "Shell", altitude: "Altitude", status: "Status" }
);

/** @param {import("./world.js").World} world */
export function startLegend(world) {
  const { data } = world, choice = input("grouping"), list = element("groups");
  for (const [i, { name }] of data.groups.entries()) {
    const option = /** @type {HTMLOptionElement} */ (make("option", "", TITLES[name] ?? name));
    option.value = String(i);
    choice.append(option);
  }
  const counts = data.groups.map(({ labels }, grouping) => {
    const count = labels.map(() => 0);
    for (let i = 0; i < world.orbits.count; i++) count[world.group(i, grouping)]++;
    return count;
  });
  let listed = -1; // the grouping whose rows are there: rows stay, so that focus stays

  function show() {
    const { labels } = data.groups[world.grouping], { colours } = world;
    const shown = world.shown[world.grouping], count = counts[world.grouping];
    choice.value = String(world.grouping);
    if (listed !== world.grouping) list.replaceChildren(...labels.map((label, i) => row(label, count[i], i)));
    listed = world.grouping;
    [...list.children].forEach((each, i) => {
      each.setAttribute("aria-pressed", String(shown[i]));
      /** @type {HTMLElement} */ (each.firstElementChild).style.background = css(colours[i]);
    });
    const on = count.reduce((sum, each, i) => sum + (shown[i] ? each : 0), 0), all = world.orbits.count;
    element("count").textContent = `${on === all ? "" : `${thousands(on)} of `}${thousands(all)} satellite${all === 1 ? "" : "s"}`;
    element("every").hidden = shown.every(Boolean);
  }
  /** @param {string} label @param {number} count @param {number} i */
  function row(label, count, i) {
    const made = /** @type {HTMLButtonElement} */ (make("button", "group"));
    made.type = "button";
    made.title = "Click: hide or show. Double click, or Shift: show only this group";
    made.append(make("span", "dot"), make("span", "label", label), make("span", "count", thousands(count)));
    const alone = () => {
      world.shown[world.grouping].forEach((_, j, shown) => shown[j] = j === i);
      world.update();
    };
    made.onclick = (event) => {
      if (event.shiftKey) return alone();
      const shown = world.shown[world.grouping];
      shown[i] = !shown[i];
      world.update();
    };
    made.ondblclick = alone;
    return made;
  }
  choice.onchange = () => {
    world.grouping = Number(choice.value);
    world.update();
  };
  element("every").onclick = () => {
    world.shown[world.grouping].fill(true);
    world.update();
  };
  world.listeners.push(show);
}

/** @param {number} value @returns {string} */
export function thousands(value) {
  return value.toLocaleString("en-US");
}
