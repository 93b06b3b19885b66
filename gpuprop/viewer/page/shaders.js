// The programs of the GPU. Positions are in TEME, in km; nothing needs a depth buffer, because what
// the Earth hides is computed from the ellipsoid.

export const CAMERA = `#version 300 es
precision highp float;
precision highp int;
uniform vec3 camera, right, up, forward;
uniform vec2 focal;   // of x and of y
uniform vec2 offset;  // of the centre
const vec3 SCALE = vec3(1.0 / 6378.137, 1.0 / 6378.137, 1.0 / 6356.752314245);
vec4 seen(vec3 p) {
  vec3 d = p - camera;
  float w = dot(forward, d);
  return vec4(dot(right, d) * focal.x + offset.x * w, dot(up, d) * focal.y + offset.y * w, 0.0, w);
}
bool hidden(vec3 p) { // behind the Earth
  vec3 o = camera * SCALE, d = (p - camera) * SCALE;
  float along = -dot(o, d) / dot(d, d);
  vec3 near = o + along * d;
  return along > 0.0 && along < 1.0 && dot(near, near) < 0.9995;
}
`;

export const HERMITE = `
in vec3 p0, v0, p1, v1;
uniform float fraction, interval;
bool known() { return dot(p0, p0) > 0.0 && dot(p1, p1) > 0.0; }
vec3 place() {
  float u = fraction, w = 1.0 - u;
  return w * w * (1.0 + 2.0 * u) * p0 + u * u * (1.0 + 2.0 * w) * p1
    + interval * (w * w * u * v0 - u * u * w * v1);
}
`;

export const SATELLITE_VERTEX = `${CAMERA}${HERMITE}
in uint group;
uniform vec4 palette[32]; // alpha 0: the group is switched off
uniform vec3 sun;
uniform float size;
uniform int chosen;       // the satellite that is drawn large, -1 for none
out vec4 colour;
out vec3 drawn;           // read back by readback.js
float light(vec3 p) {     // as Orbits.light
  vec3 stretch = vec3(1.0, 1.0, 1.0 / (1.0 - 1.0 / 298.257223563));
  vec3 q = p * stretch, s = sun * stretch;
  float stretched = length(s);
  s /= stretched;
  float behind = -dot(q, s), away = 149597871.0 * stretched;
  if (behind <= 0.0) return 1.0;
  float off = length(q + behind * s);
  float umbra = 6378.137 - behind * (696000.0 - 6378.137) / away;
  float penumbra = 6378.137 + behind * (696000.0 + 6378.137) / away;
  return clamp((off - umbra) / (penumbra - umbra), 0.0, 1.0);
}
void main() {
  vec3 p = place();
  drawn = known() ? p : vec3(0.0);
  vec4 own = palette[group];
  float lit = light(p);
  bool large = gl_VertexID == chosen;
  colour = vec4(own.rgb * mix(0.55, 1.0, lit), own.a * mix(0.5, 1.0, lit));
  gl_PointSize = size * (large ? 2.2 : mix(0.8, 1.0, lit));
  gl_Position = !known() || own.a == 0.0 || hidden(p) ? vec4(2.0, 2.0, 2.0, 1.0) : seen(p);
}`;

export const SATELLITE_FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour;
uniform float softness;
out vec4 pixel;
void main() {
  float r = 2.0 * length(gl_PointCoord - 0.5);
  pixel = vec4(colour.rgb, colour.a * (1.0 - smoothstep(1.0 - softness, 1.0, r)));
}`;

export const EARTH_VERTEX = `#version 300 es
out vec2 corner;
void main() { // one triangle over the whole picture
  corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

export const EARTH_FRAGMENT = `${CAMERA}
in vec2 corner;
uniform vec3 sun;
uniform float angle; // of the Earth's rotation
uniform sampler2D land, layer;
uniform float layered;
uniform vec2 range; // of the layer's pixels that the colours span
uniform vec3 water, ground, night, glow;
uniform float nightly; // how dark the night is
uniform vec3 scale[5];
out vec4 pixel;
const float PI = 3.14159265358979;
vec3 coloured(float v) {
  float x = clamp(v, 0.0, 1.0) * 4.0;
  int i = min(3, int(x));
  return mix(scale[i], scale[i + 1], x - float(i));
}
void main() {
  vec3 ray = forward + right * ((corner.x - offset.x) / focal.x) + up * ((corner.y - offset.y) / focal.y);
  vec3 o = camera * SCALE, d = normalize(ray * SCALE);
  float b = dot(o, d);
  vec3 near = o - b * d;
  float closest = length(near);
  float edge = fwidth(closest);
  if (closest > 1.13) discard;
  if (closest > 1.0 + edge || b > 0.0) {
    float bright = smoothstep(-0.35, 0.5, dot(normalize(near), normalize(sun * SCALE)));
    float halo = b > 0.0 ? 0.0 : exp(-(closest - 1.0) * 42.0);
    pixel = vec4(glow, halo * mix(0.12, 0.62, bright));
    return;
  }
  vec3 q = o + (-b - sqrt(max(0.0, 1.0 - closest * closest))) * d; // on the unit sphere
  vec3 n = normalize(q * SCALE);                                   // vertical of the ellipsoid
  float c = cos(angle), s = sin(angle);
  float lat = asin(clamp(n.z, -1.0, 1.0));
  float lon = atan(c * n.y - s * n.x, c * n.x + s * n.y);
  float u = lon / (2.0 * PI) + 0.5, other = fract(u + 0.5) - 0.5;
  vec2 at = vec2(fwidth(u) <= fwidth(other) + 1e-6 ? u : other, 0.5 - lat / PI);
  float isLand = smoothstep(0.4, 0.6, texture(land, at).r);
  vec3 base = mix(water, ground, isLand);
  float height = dot(n, sun);
  float day = smoothstep(-0.12, 0.10, height);
  vec3 shaded = mix(mix(base, night, nightly), base * (0.86 + 0.14 * max(0.0, height)), day);
  vec2 lines = abs(fract(vec2(lon, lat) * (12.0 / (2.0 * PI)) + 0.5) - 0.5) / fwidth(at * vec2(12.0, 6.0));
  float grid = 1.0 - smoothstep(0.4, 1.2, min(lines.x, lines.y));
  shaded = mix(shaded, glow, 0.13 * grid);
  if (layered > 0.0) {
    float value = texture(layer, vec2(u, at.y)).r * 255.0;
    if (value < 254.5) shaded = mix(shaded, coloured((value - range.x) / (range.y - range.x)), 0.9 * layered); // by night, too: a colour is a value
  }
  float rim = 1.0 - max(0.0, dot(n, normalize(camera - q / SCALE)));
  shaded = mix(shaded, glow, 0.38 * rim * rim * rim * mix(0.25, 1.0, day));
  pixel = vec4(shaded, 1.0 - smoothstep(1.0 - edge, 1.0, closest) * 0.5);
}`;

// A rectangle along a segment, wider than the line for soft edges. Each segment has four vertices.
const RIBBON = `
uniform vec2 view; // pixels of the device
uniform float thick;
out float across;  // pixels from the middle of the line
vec4 ribbon(vec3 a, vec3 b) {
  vec4 from = seen(a), to = seen(b);
  vec4 own = (gl_VertexID & 2) == 2 ? to : from;
  vec2 along = (to.xy / max(to.w, 1.0) - from.xy / max(from.w, 1.0)) * view;
  vec2 side = length(along) > 0.0 ? normalize(vec2(-along.y, along.x)) : vec2(0.0);
  across = ((gl_VertexID & 1) == 0 ? 0.5 : -0.5) * (thick + 1.5);
  own.xy += 2.0 * side * across / view * own.w;
  return from.w <= 1.0 || to.w <= 1.0 ? vec4(2.0, 2.0, 2.0, 1.0) : own;
}
`;
const SOFT = `
in float across;
uniform float thick;
float soft() { return clamp(0.5 * thick + 0.5 - abs(across), 0.0, 1.0); }
`;

export const COAST_VERTEX = `${CAMERA}${RIBBON}
in vec3 a, b;      // ends of a segment, Earth-fixed
uniform float angle;
uniform vec3 sun;
out float facing, day;
void main() {
  float c = cos(angle), s = sin(angle);
  mat2 turn = mat2(c, s, -s, c);
  vec3 from = vec3(turn * a.xy, a.z), to = vec3(turn * b.xy, b.z);
  facing = (dot(from * SCALE, camera * SCALE) - 1.0) / (length(camera * SCALE) - 1.0);
  day = smoothstep(-0.1, 0.1, dot(normalize(from), sun));
  gl_Position = facing <= 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : ribbon(from, to);
}`;

export const COAST_FRAGMENT = `#version 300 es
precision highp float;
${SOFT}
in float facing, day;
uniform vec4 colour;
out vec4 pixel;
void main() {
  pixel = vec4(colour.rgb, colour.a * soft() * smoothstep(0.0, 0.35, facing) * mix(0.5, 1.0, day));
}`;

export const LINE_VERTEX = `${CAMERA}${RIBBON}
in vec3 a, b;      // ends of a segment, TEME
in vec4 tint;
out vec4 colour;
out vec3 at;
void main() {
  gl_Position = ribbon(a, b);
  colour = tint;
  at = (gl_VertexID & 2) == 2 ? b : a;
}`;

export const LINE_FRAGMENT = `${CAMERA}${SOFT}
in vec4 colour;
in vec3 at;
out vec4 pixel;
void main() {
  if (hidden(at)) discard;
  pixel = vec4(colour.rgb, colour.a * soft());
}`;
