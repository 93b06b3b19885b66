// WebGL 2: programs, and the uniforms that all share.

/** @typedef {WebGL2RenderingContext} GL */

export class Program {
  /**
   * @param {GL} gl @param {string} vertex @param {string} fragment sources
   * @param {string[]} [feedback] outputs of the vertex shader that are read back
   */
  constructor(gl, vertex, fragment, feedback) {
    this.gl = gl;
    this.program = gl.createProgram();
    for (const [kind, source] of /** @type {[number, string][]} */ ([
      [gl.VERTEX_SHADER, vertex],
      [gl.FRAGMENT_SHADER, fragment],
    ])) {
      const shader = gl.createShader(kind);
      if (!shader) throw new Error("WebGL lost its context");
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    if (feedback) gl.transformFeedbackVaryings(this.program, feedback, gl.SEPARATE_ATTRIBS);
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) {
      const shaders = gl.getAttachedShaders(this.program) ?? [];
      const logs = shaders.map((each) => gl.getShaderInfoLog(each));
      throw new Error([gl.getProgramInfoLog(this.program), ...logs].join("\n"));
    }
    /** @type {Map<string, WebGLUniformLocation | null>} */
    this.places = new Map();
    /** @type {Map<string, number>} */
    this.attributes = new Map();
  }

  /** @param {string} name */
  uniform(name) {
    const known = this.places.get(name);
    if (known !== undefined) return known;
    const found = this.gl.getUniformLocation(this.program, name);
    this.places.set(name, found);
    return found;
  }

  /** @param {string} name @returns {number} */
  attribute(name) {
    let found = this.attributes.get(name);
    if (found === undefined) {
      found = this.gl.getAttribLocation(this.program, name);
      this.attributes.set(name, found);
    }
    return found;
  }

  /** Use the program, with the camera. @param {import("./camera.js").Camera} camera */
  use(camera) {
    const { gl } = this;
    gl.useProgram(this.program);
    for (const name of /** @type {("right" | "up" | "forward")[]} */ (["right", "up", "forward"])) {
      gl.uniform3fv(this.uniform(name), camera[name]);
    }
    gl.uniform3fv(this.uniform("camera"), camera.position);
    gl.uniform2f(this.uniform("focal"), (camera.focal * camera.height) / camera.width, camera.focal);
    gl.uniform2f(this.uniform("offset"), (2 * camera.shift) / camera.width, (2 * camera.rise) / camera.height);
  }

  /** @param {string} name @param {number} value */
  number(name, value) {
    this.gl.uniform1f(this.uniform(name), value);
  }

  /** @param {string} name @param {number[]} value three numbers */
  vector(name, value) {
    this.gl.uniform3fv(this.uniform(name), value);
  }
}

/** @param {GL} gl @param {AllowSharedBufferSource} data @param {number} [kind] */
export function buffer(gl, data, kind = gl.ARRAY_BUFFER) {
  const made = gl.createBuffer();
  gl.bindBuffer(kind, made);
  gl.bufferData(kind, data, gl.STATIC_DRAW);
  return made;
}

/** Order of the vertices of rectangles, as triangles. @param {number} count @returns {Uint32Array<ArrayBuffer>} */
export function rectangles(count) {
  const order = new Uint32Array(6 * count);
  for (let i = 0; i < count; i++) order.set([0, 1, 2, 2, 1, 3].map((corner) => 4 * i + corner), 6 * i);
  return order;
}
