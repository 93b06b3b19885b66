// Read back what the vertex shader computes, for tests and for curious people.

import { Program } from "./gl.js";
import { SATELLITE_FRAGMENT, SATELLITE_VERTEX } from "./shaders.js";

/** @type {WeakMap<import("./gl.js").GL, Program>} */
const programs = new WeakMap();

/**
 * Compute the positions of all satellites on the GPU.
 * @param {import("./satellites.js").Satellites} satellites @param {import("./camera.js").Camera} camera
 * @param {number} t s since start
 * @returns {Float32Array} TEME, km, three numbers a satellite; zeros where there is no position
 */
export function drawnPositions(satellites, camera, t) {
  const { gl, orbits } = satellites, out = new Float32Array(3 * orbits.count);
  const program = programs.get(gl) ?? new Program(gl, SATELLITE_VERTEX, SATELLITE_FRAGMENT, ["drawn"]);
  programs.set(gl, program);
  const vertices = gl.createVertexArray(), target = gl.createBuffer();
  program.use(camera);
  gl.bindVertexArray(vertices);
  gl.enable(gl.RASTERIZER_DISCARD);
  orbits.tracks.forEach((track, number) => {
    const part = out.subarray(3 * track.first, 3 * (track.first + track.satellites));
    satellites.bind(program, track, number, t);
    gl.bindBuffer(gl.ARRAY_BUFFER, null);
    gl.bindBuffer(gl.TRANSFORM_FEEDBACK_BUFFER, target);
    gl.bufferData(gl.TRANSFORM_FEEDBACK_BUFFER, part.byteLength, gl.STREAM_READ);
    gl.bindBufferBase(gl.TRANSFORM_FEEDBACK_BUFFER, 0, target);
    gl.beginTransformFeedback(gl.POINTS);
    gl.drawArrays(gl.POINTS, 0, track.satellites);
    gl.endTransformFeedback();
    gl.getBufferSubData(gl.TRANSFORM_FEEDBACK_BUFFER, 0, part);
    gl.bindBufferBase(gl.TRANSFORM_FEEDBACK_BUFFER, 0, null);
  });
  gl.disable(gl.RASTERIZER_DISCARD);
  gl.bindVertexArray(null);
  gl.deleteBuffer(target);
  gl.deleteVertexArray(vertices);
  return out;
}
