// What the data are: sources, epochs, frame, assumptions, error of the interpolation; and the keys.

import { element, make } from "./data.js";

const KEYS = [
  ["Drag, arrows", "turn the globe"],
  ["Wheel, pinch, + −", "zoom"],
  ["Click, tap", "choose a satellite; with Shift, or a long press, several"],
  ["Space", "play or pause"],
  ["R", "let time run the other way"],
  ["[ ]", "slower, faster"],
  [", .", "10 seconds back, ahead"],
  ["/", "search"],
  ["F", "follow the chosen satellite"],
  ["E", "inertial or Earth-fixed view"],
  ["S", "add a site: then click on the ground; on a site, it is removed"],
  ["0", "the first view again"],
  ["T", "light or dark"],
  ["Esc", "choose none"],
];

const UNFOLDED = 4; // lines of one subject that are not folded

/** @param {import("./world.js").World} world */
export function startAbout(world) {
  const dialog = /** @type {HTMLDialogElement} */ (/** @type {unknown} */ (element("about")));
  const facts = element("statement");
  for (const [title, said] of Object.entries(world.data.about)) {
    facts.append(make("dt", "", title[0].toUpperCase() + title.slice(1)));
    const texts = Array.isArray(said) ? said : [said], holder = make("dd");
    const paragraphs = texts.map((text) => make("p", "", text));
    holder.append(...paragraphs.slice(0, UNFOLDED));
    if (texts.length > UNFOLDED) {
      const more = make("details");
      more.append(make("summary", "", `${texts.length - UNFOLDED} more`), ...paragraphs.slice(UNFOLDED));
      holder.append(more);
    }
    facts.append(holder);
  }
  for (const [key, meaning] of KEYS) element("keys").append(make("dt", "", key), make("dd", "", meaning));
  element("info").onclick = () => dialog.open ? dialog.close() : dialog.showModal();
  element("close").onclick = () => dialog.close();
  dialog.onclick = (event) => event.target === dialog && dialog.close();
}
