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
    const given = Number(rate.value);
    if (Number.isFinite(given) && given !== 0) clock.rate = Math.min(1e6, Math.max(-1e6, given));
    show();
  };
  rate.onkeydown = (event) => {
    if (event.key === "Enter") rate.blur();
    event.stopPropagation();
  };
  element("play").onclick = () => play(world);
  element("turn").onclick = () => turn(world);
  element("slower").onclick = () => faster(world, -1);
  element("faster").onclick = () => faster(world, 1);
  const end = clock.text(clock.duration);
  element("begin").textContent = clock.text(0).slice(11, 16);
  element("end").textContent = end.slice(0, 10) === clock.text(0).slice(0, 10) ? end.slice(11, 16) : end.slice(5, 16);

  function show() {
    const button = element("play");
    button.textContent = clock.playing ? "❚❚" : "▶";
    button.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
    element("turn").setAttribute("aria-pressed", String(clock.rate < 0));
    rate.value = String(clock.rate);
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
