// Lines that change with every picture: orbits, and lines from sites to satellites.

import { buffer, Program, rectangles } from "./gl.js";
import { LINE_FRAGMENT, LINE_VERTEX } from "./shaders.js";

/** @typedef {import("./vector.js").Vector} Vector */

const FLOATS = 10; // of a vertex: both ends of its segment, a colour
const MOST = 16384; // segments of one picture

export class Lines {
  /** @param {import("./gl.js").GL} gl */
  constructor(gl) {
    this.gl = gl;
    this.program = new Program(gl, LINE_VERTEX, LINE_FRAGMENT);
    this.data = new Float32Array(4 * FLOATS * MOST);
    this.count = 0;
    this.vertices = gl.createVertexArray();
    gl.bindVertexArray(this.vertices);
    this.buffer = buffer(gl, this.data);
    /** @type {[string, number, number][]} */
    const attributes = [["a", 3, 0], ["b", 3, 12], ["tint", 4, 24]];
    for (const [name, size, offset] of attributes) {
      const place = this.program.attribute(name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 4 * FLOATS, offset);
    }
    buffer(gl, rectangles(MOST), gl.ELEMENT_ARRAY_BUFFER);
    gl.bindVertexArray(null);
  }

  clear() {
    this.count = 0;
  }

  /** @param {Vector} a @param {Vector} b TEME @param {import("./colours.js").Rgb} colour @param {number} opacity */
  add(a, b, colour, opacity) {
    if (this.count === MOST) return;
    const vertex = [...a, ...b, ...colour, opacity];
    for (let corner = 0; corner < 4; corner++) {
      this.data.set(vertex, FLOATS * (4 * this.count + corner));
    }
    this.count++;
  }

  /** @param {import("./camera.js").Camera} camera @param {number} thick pixels of CSS */
  draw(camera, thick) {
    if (!this.count) return;
    const { gl, program } = this, { width, height } = gl.canvas;
    program.use(camera);
    gl.uniform2f(program.uniform("view"), width, height);
    program.number("thick", (thick * width) / camera.width);
    gl.bindVertexArray(this.vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, this.data, 0, 4 * FLOATS * this.count);
    gl.drawElements(gl.TRIANGLES, 6 * this.count, gl.UNSIGNED_INT, 0);
    gl.bindVertexArray(null);
  }
}
