// The legend: what the colours mean, how many satellites a group has, and which are shown.

import { css } from "./colours.js";
import { element, input, make } from "./data.js";

/** @param {import("./world.js").World} world @param {Uint8Array} groups of all groupings */
export function startLegend(world, groups) {
  const { data } = world, choice = input("grouping"), list = element("groups");
  const titles = /** @type {Record<string, string>} */ (
    { operator: "Operator", shell: "Shell", altitude: "Altitude", status: "Status" }
  );
  for (const [i, { name }] of data.groups.entries()) {
    const option = /** @type {HTMLOptionElement} */ (make("option", "", titles[name] ?? name));
    option.value = String(i);
    choice.append(option);
  }
  const counts = data.groups.map(({ labels }, grouping) => {
    const count = labels.map(() => 0), n = world.orbits.count;
    for (let i = 0; i < n; i++) count[groups[grouping * n + i]]++;
    return count;
  });

  function show() {
    const { labels } = data.groups[world.grouping], colours = world.colours;
    const shown = world.shown[world.grouping];
    choice.value = String(world.grouping);
    list.replaceChildren(...labels.map((label, i) => {
      const row = /** @type {HTMLButtonElement} */ (make("button", "group"));
      row.type = "button";
      row.setAttribute("aria-pressed", String(shown[i]));
      row.title = "Click: show or hide. Double click: show this group alone";
      const dot = make("span", "dot");
      dot.style.background = css(colours[i]);
      row.append(dot, make("span", "label", label), make("span", "count", thousands(counts[world.grouping][i])));
      row.onclick = () => {
        shown[i] = !shown[i];
        world.update();
      };
      row.ondblclick = () => {
        shown.forEach((_, j) => shown[j] = j === i);
        world.update();
      };
      return row;
    }));
    const on = counts[world.grouping].reduce((sum, count, i) => sum + (shown[i] ? count : 0), 0);
    const all = world.orbits.count;
    element("count").textContent = on === all
      ? `${thousands(all)} satellites`
      : `${thousands(on)} of ${thousands(all)} satellites`;
    const every = element("every");
    every.hidden = shown.every(Boolean);
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
