// The bar of time: play, direction, rate, scrubber.

import { element, input } from "./data.js";

const RATES = [1, 10, 30, 60, 120, 300, 600, 1200, 3600];
const STEPS = 10000; // of the scrubber

/** @param {import("./world.js").World} world @returns {() => void} to be called with every picture */
export function startBar(world) {
  const { clock } = world, scrubber = input("scrubber"), rate = input("rate");
  scrubber.max = String(STEPS);
  scrubber.oninput = () => clock.to((Number(scrubber.value) / STEPS) * clock.duration);
  rate.onchange = () => {
    const given = Number(rate.value.replaceAll("−", "-").replaceAll(",", ""));
    if (Number.isFinite(given) && given !== 0) clock.rate = Math.min(1e6, Math.max(-1e6, given));
    world.update();
  };
  rate.onkeydown = (event) => {
    if (event.key === "Enter") rate.blur();
    event.stopPropagation();
  };
  element("play").onclick = () => towards(world, 1);
  element("back").onclick = () => towards(world, -1);
  element("slower").onclick = () => faster(world, -1);
  element("faster").onclick = () => faster(world, 1);
  const end = clock.text(clock.duration);
  element("begin").textContent = clock.text(0).slice(11, 16);
  element("end").textContent = end.slice(0, 10) === clock.text(0).slice(0, 10) ? end.slice(11, 16) : end.slice(5, 16);

  function show() {
    for (const [id, sign, title] of /** @type {[string, number, string][]} */ (
      [["back", -1, "Play backwards"], ["play", 1, "Play"]]
    )) {
      const button = element(id), running = clock.playing && Math.sign(clock.rate) === sign;
      button.dataset.icon = running ? "pause" : id;
      button.setAttribute("aria-label", running ? "Pause" : title);
      button.title = `${running ? "Pause" : title} (Space; R: the other way)`;
    }
    rate.value = String(clock.rate).replace("-", "−");
    element("pace").textContent = pace(Math.abs(clock.rate));
  }
  world.listeners.push(show);
  return () => {
    const [date, time] = clock.text().split(" ");
    if (element("time").textContent !== time) {
      element("time").textContent = time;
      element("date").textContent = date;
    }
    if (document.activeElement !== scrubber || clock.playing) {
      scrubber.value = String(Math.round((clock.now / clock.duration) * STEPS));
    }
    scrubber.style.setProperty("--done", `${(100 * clock.now) / clock.duration}%`);
    scrubber.setAttribute("aria-valuetext", `${date} ${time} UTC`);
  };
}

/** @param {import("./world.js").World} world */
export function play(world) {
  world.clock.playing = !world.clock.playing;
  world.update();
}

/** Play this way, or pause if time runs this way. @param {import("./world.js").World} world @param {1 | -1} sign */
function towards(world, sign) {
  const { clock } = world, same = Math.sign(clock.rate) === sign;
  clock.playing = !(clock.playing && same);
  clock.rate = sign * Math.abs(clock.rate);
  world.update();
}

/** Say what passes in a second. @param {number} seconds @returns {string} */
function pace(seconds) {
  if (seconds === 1) return "real time";
  const [unit, name] = seconds < 60 ? [1, "s"] : seconds < 3600 ? [60, "min"] : seconds < 86400 ? [3600, "h"] : [86400, "d"];
  return `${Number((seconds / unit).toPrecision(3))} ${name} a second`;
}

/** Let time run the other way. @param {import("./world.js").World} world */
export function turn(world) {
  world.clock.rate = -world.clock.rate;
  world.update();
}

/** Take the next rate of the list. @param {import("./world.js").World} world @param {1 | -1} by */
export function faster(world, by) {
  const { clock } = world, size = Math.abs(clock.rate), sign = Math.sign(clock.rate);
  const next = by > 0 ? RATES.find((each) => each > size) : RATES.findLast((each) => each < size);
  clock.rate = sign * (next ?? size);
  world.update();
}
