// The Earth: land and water, day and night, coast lines, borders, and the coverage layer.

import { rgb } from "./colours.js";
import { buffer, Program, rectangles } from "./gl.js";
import { layerPixels, layerRange } from "./layers.js";
import { COAST_FRAGMENT, COAST_VERTEX, EARTH_FRAGMENT, EARTH_VERTEX } from "./shaders.js";
import { DEGREE, positionOf } from "./vector.js";

/** @typedef {import("./gl.js").GL} GL */

const LONGEST = 2; // deg of a line that is drawn straight
const COARSE = 0.3; // deg between points of the lines that are drawn from far away
const FAR = 1.6; // pixels that this is at most from far away

export class Earth {
  /** @param {GL} gl @param {import("./data.js").Page} page */
  constructor(gl, page) {
    this.gl = gl;
    this.page = page;
    this.surface = new Program(gl, EARTH_VERTEX, EARTH_FRAGMENT);
    this.lines = new Program(gl, COAST_VERTEX, COAST_FRAGMENT);
    const coast = linesOf(page, "coast"), border = linesOf(page, "border");
    this.land = texture(gl, landMask(gl, coast), gl.LINEAR_MIPMAP_NEAREST);
    this.layer = texture(gl, null, gl.NEAREST);
    this.layered = false;
    this.range = { low: 0, high: 254 };
    this.fine = [border, coast].map((lines) => this.#segments(lines));
    this.coarse = [border, coast].map((lines) => this.#segments(lines.map(thinned).filter(({ length }) => length > 2)));
    this.empty = gl.createVertexArray();
  }

  /** Show a column of the coverage table, or none. @param {number} index -1 for none */
  showLayer(index) {
    const { gl, page } = this, image = page.data.coverage?.[index];
    this.layered = image !== undefined;
    if (!image) return;
    const pixels = layerPixels(page, image);
    this.range = layerRange(image, pixels);
    gl.bindTexture(gl.TEXTURE_2D, this.layer);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, image.width, image.height, 0, gl.RED, gl.UNSIGNED_BYTE, pixels);
  }

  /**
   * @param {import("./camera.js").Camera} camera @param {number} angle of the Earth's rotation
   * @param {import("./vector.js").Vector} sun @param {import("./colours.js").Theme} theme
   */
  draw(camera, angle, sun, theme) {
    const { gl, surface, lines } = this;
    surface.use(camera);
    surface.vector("sun", sun);
    surface.number("angle", angle);
    for (const name of /** @type {("water" | "ground" | "night" | "glow")[]} */ (
      ["water", "ground", "night", "glow"]
    )) surface.vector(name, theme[name]);
    surface.number("nightly", theme.nightly);
    surface.number("layered", this.layered ? 1 : 0);
    gl.uniform2f(surface.uniform("range"), this.range.low, this.range.high);
    surface.vector("scale", theme.layer.flatMap(rgb));
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.layer);
    gl.uniform1i(surface.uniform("layer"), 1);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.land);
    gl.uniform1i(surface.uniform("land"), 0);
    gl.bindVertexArray(this.empty);
    this.#scissor(camera);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.SCISSOR_TEST);
    lines.use(camera);
    lines.number("angle", angle);
    lines.vector("sun", sun);
    gl.uniform2f(lines.uniform("view"), gl.canvas.width, gl.canvas.height);
    const ratio = gl.canvas.width / camera.width, faint = Math.min(1, Math.max(0.3, camera.radius / 200));
    const [border, coast] = camera.radius * ratio * COARSE * DEGREE < FAR ? this.coarse : this.fine;
    for (const [segments, thick, opacity] of /** @type {[Segments, number, number][]} */ (
      [[border, 0.7, 0.4], [coast, 0.9, 0.75]]
    )) {
      lines.number("thick", thick * ratio);
      gl.uniform4f(lines.uniform("colour"), ...theme.coast, opacity * faint);
      gl.bindVertexArray(segments.vertices);
      gl.drawElements(gl.TRIANGLES, 6 * segments.count, gl.UNSIGNED_INT, 0);
    }
  }

  /** Draw only the square around the Earth and its halo. @param {import("./camera.js").Camera} camera */
  #scissor(camera) {
    const { gl } = this, { width, height } = gl.canvas, { tangent } = camera;
    if (tangent === Infinity) return;
    const radius = tangent * camera.focal * height / 2;
    const x = width / 2 + (camera.shift * width) / camera.width;
    const y = height / 2 + (camera.rise * height) / camera.height;
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(Math.floor(x - radius), Math.floor(y - radius), Math.ceil(2 * radius), Math.ceil(2 * radius));
  }

  /** @typedef {{vertices: WebGLVertexArrayObject, count: number}} Segments */
  /** Put lines on the GPU. @param {[number, number][][]} lines deg @returns {Segments} */
  #segments(lines) {
    const { gl } = this;
    /** @type {number[]} */
    const ends = [];
    for (const line of lines) {
      let before = onGround(line[0]);
      for (let i = 1; i < line.length; i++) {
        const [west, south] = line[i - 1], [lon, lat] = line[i];
        const parts = Math.max(1, Math.ceil(Math.hypot(lon - west, lat - south) / LONGEST));
        for (let part = 1; part <= parts; part++) {
          const u = part / parts, next = onGround([west + (lon - west) * u, south + (lat - south) * u]);
          for (let corner = 0; corner < 4; corner++) ends.push(...before, ...next);
          before = next;
        }
      }
    }
    const vertices = gl.createVertexArray();
    gl.bindVertexArray(vertices);
    buffer(gl, new Float32Array(ends));
    ["a", "b"].forEach((name, i) => {
      const place = this.lines.attribute(name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 24, 12 * i);
    });
    buffer(gl, rectangles(ends.length / 24), gl.ELEMENT_ARRAY_BUFFER);
    gl.bindVertexArray(null);
    return { vertices, count: ends.length / 24 };
  }
}

/** @param {[number, number]} lonlat deg @returns {import("./vector.js").Vector} Earth-fixed */
function onGround([lon, lat]) {
  return positionOf({ lat: lat * DEGREE, lon: lon * DEGREE, height: 0 });
}

/**
 * Leave out points of a line that are near the one before, but not its ends.
 * @param {[number, number][]} line deg @returns {[number, number][]}
 */
function thinned(line) {
  let [lon, lat] = line[0];
  return line.filter((point, i) => {
    const across = (point[0] - lon) * Math.cos(lat * DEGREE);
    if (i && i < line.length - 1 && Math.hypot(across, point[1] - lat) < COARSE) return false;
    [lon, lat] = point;
    return true;
  });
}

/** @param {import("./data.js").Page} page @param {string} name @returns {[number, number][][]} deg */
function linesOf(page, name) {
  const points = page.array(`${name}_points`, Int16Array);
  let next = 0;
  return Array.from(page.array(`${name}_lengths`, Uint16Array), (size) =>
    Array.from({ length: size }, () => /** @type {[number, number]} */ ([points[next++] / 100, points[next++] / 100])));
}

/**
 * Paint land white on black. A point lies on land if an odd number of coast lines pass north of it:
 * each line is filled from itself down to the south pole, by the even-odd rule.
 * @param {GL} gl @param {[number, number][][]} coast @returns {HTMLCanvasElement}
 */
function landMask(gl, coast) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.min(4096, gl.getParameter(gl.MAX_TEXTURE_SIZE));
  canvas.height = canvas.width / 2;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  const k = canvas.width / 360;
  const x = (/** @type {number} */ lon) => (lon + 180) * k;
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.beginPath();
  for (const line of coast) {
    line.forEach(([lon, lat], i) => pen[i ? "lineTo" : "moveTo"](x(lon), (90 - lat) * k));
    pen.lineTo(x(line[line.length - 1][0]), canvas.height);
    pen.lineTo(x(line[0][0]), canvas.height);
    pen.closePath();
  }
  pen.fillStyle = "#fff";
  pen.fill("evenodd");
  return canvas;
}

/** @param {GL} gl @param {TexImageSource | null} image @param {number} filter when it is small */
function texture(gl, image, filter) {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  if (image) {
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, gl.RED, gl.UNSIGNED_BYTE, image);
    gl.generateMipmap(gl.TEXTURE_2D);
  } else gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, 1, 1, 0, gl.RED, gl.UNSIGNED_BYTE, new Uint8Array([255]));
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, image ? gl.LINEAR : gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.REPEAT);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return made;
}
