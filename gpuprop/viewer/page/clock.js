// The time that the page shows.

export class Clock {
  /** @param {number} startMs ms since 1970 UTC @param {number} duration s */
  constructor(startMs, duration) {
    this.startMs = startMs;
    this.duration = duration;
    this.now = 0; // s since start
    // seconds a second; negative: backwards. At first the window lasts some 90 seconds.
    this.rate = [60, 120, 300, 600, 1200, 3600].findLast((rate) => rate <= duration / 90) ?? 60;
    this.playing = true;
  }

  /** Let wall time pass; at an end of the window begin at the other one. @param {number} seconds */
  pass(seconds) {
    if (this.playing) this.to(this.now + seconds * this.rate, true);
  }

  /** @param {number} t s since start @param {boolean} [around] begin again at the other end */
  to(t, around = false) {
    const d = this.duration;
    this.now = around ? t - d * Math.floor(t / d) : Math.min(d, Math.max(0, t));
  }

  /** UTC, to the second. @param {number} [t] s since start */
  text(t = this.now) {
    const utc = new Date(Math.floor((this.startMs + t * 1000) / 1000 + 1e-6) * 1000).toISOString();
    return `${utc.slice(0, 10)} ${utc.slice(11, 19)}`;
  }
}
