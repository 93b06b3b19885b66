// Satellites as points: the GPU interpolates between the two knots around the time.

import { buffer, Program } from "./gl.js";
import { SATELLITE_FRAGMENT, SATELLITE_VERTEX } from "./shaders.js";

/** @typedef {import("./gl.js").GL} GL */
/** @typedef {import("./orbits.js").Track} Track */

const STATE_BYTES = 24, KNOT = ["p0", "v0", "p1", "v1"];

export class Satellites {
  /** @param {GL} gl @param {import("./orbits.js").Orbits} orbits @param {Uint8Array} groups of all groupings */
  constructor(gl, orbits, groups) {
    this.gl = gl;
    this.orbits = orbits;
    this.program = new Program(gl, SATELLITE_VERTEX, SATELLITE_FRAGMENT);
    this.buffers = orbits.tracks.map((track) => buffer(gl, track.knots));
    this.indices = buffer(gl, groups);
    this.vertices = gl.createVertexArray();
    this.grouping = 0;
    this.palette = new Float32Array(32 * 4);
  }

  /** @param {number} grouping @param {import("./colours.js").Rgb[]} colours @param {boolean[]} shown */
  paint(grouping, colours, shown) {
    this.grouping = grouping;
    colours.forEach((colour, i) => this.palette.set([...colour, shown[i] ? 1 : 0], 4 * i));
  }

  /**
   * @param {import("./camera.js").Camera} camera @param {number} t s since start
   * @param {import("./vector.js").Vector} sun @param {number} size pixels of the device
   * @param {number} chosen the satellite that is drawn large
   */
  draw(camera, t, sun, size, chosen) {
    const { gl, program } = this;
    program.use(camera);
    program.vector("sun", sun);
    program.number("size", size);
    program.number("softness", Math.min(1, 2.2 / size));
    gl.uniform4fv(program.uniform("palette"), this.palette);
    gl.bindVertexArray(this.vertices);
    this.orbits.tracks.forEach((track, number) => {
      gl.uniform1i(program.uniform("chosen"), chosen - track.first);
      this.bind(program, track, number, t);
      gl.drawArrays(gl.POINTS, 0, track.satellites);
    });
  }

  /**
   * Point the attributes of a program to the knots around a time.
   * @param {Program} program @param {Track} track @param {number} number of the track @param {number} t
   */
  bind(program, track, number, t) {
    const { gl } = this, { knot, fraction, step } = this.orbits.interval(track, t);
    program.number("fraction", fraction);
    program.number("interval", step);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[number]);
    KNOT.forEach((name, i) => {
      const offset = (knot + (i >> 1)) * track.satellites * STATE_BYTES + (i & 1) * 12;
      const place = program.attribute(name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, STATE_BYTES, offset);
    });
    gl.bindBuffer(gl.ARRAY_BUFFER, this.indices);
    const place = program.attribute("group");
    gl.enableVertexAttribArray(place);
    gl.vertexAttribIPointer(place, 1, gl.UNSIGNED_BYTE, 0, this.grouping * this.orbits.count + track.first);
  }
}
