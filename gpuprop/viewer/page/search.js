// Search by name or number.

import { element, input, make } from "./data.js";
import { thousands } from "./legend.js";

const MOST_FOUND = 12; // satellites that are listed

/** @param {import("./world.js").World} world */
export function startSearch(world) {
  const field = input("search"), list = element("found");
  /** @type {number[]} */
  let found = [];
  let marked = 0;

  function show() {
    const every = world.search(field.value);
    found = every.slice(0, MOST_FOUND);
    marked = 0;
    list.replaceChildren(...found.map((index, i) => {
      const row = make("li", i ? "" : "marked");
      row.setAttribute("role", "option");
      row.append(make("bdi", "label", world.name(index)), make("span", "count", String(world.data.numbers[index])));
      row.onpointerdown = (event) => {
        event.preventDefault();
        take(index);
      };
      return row;
    }));
    if (field.value.trim() && !found.length) list.append(make("li", "none", "No satellite of this name or number"));
    if (every.length > found.length) {
      list.append(make("li", "none", `and ${thousands(every.length - found.length)} more: type more of the name`));
    }
    list.hidden = !field.value.trim();
  }
  /** @param {number} index */
  function take(index) {
    world.choose(index);
    world.following = true;
    field.value = "";
    field.blur();
    show();
    world.update();
  }
  field.oninput = show;
  field.onblur = () => list.hidden = true;
  field.onfocus = show;
  field.onkeydown = (event) => {
    if (event.key === "Enter" && found.length) take(found[marked]);
    else if (event.key === "Escape") field.blur();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      marked = Math.min(found.length - 1, Math.max(0, marked + (event.key === "ArrowDown" ? 1 : -1)));
      [...list.children].forEach((row, i) => i < found.length && row.classList.toggle("marked", i === marked));
      event.preventDefault();
    }
    event.stopPropagation();
  };
}
