// Azimuth, elevation, range and range rate of a satellite seen from a site, without refraction.
// Twin: gpuprop/sgp4/look_angles.py.
#pragma once
#include "frames.cuh"

namespace gpuprop {

// A site in ITRS: its position (km) and three unit vectors. gpuprop.frames.geodetic_site computes
// it.
struct Site {
    double position[3], east[3], north[3], up[3];
};

struct LookAngles {
    Real azimuth;     // rad from north by east, in [0, 2 pi)
    Real elevation;   // rad above the plane that is tangent to the ellipsoid
    Real range;       // km
    Real range_rate;  // km/s, positive where the satellite recedes
};

// s: a state in ITRS.
FN LookAngles look_from(const Site& site, const State& s) {
    Real dx = s.x - site.position[0], dy = s.y - site.position[1], dz = s.z - site.position[2];
    Real east = (site.east[0] * dx + site.east[1] * dy) + site.east[2] * dz;
    Real north = (site.north[0] * dx + site.north[1] * dy) + site.north[2] * dz;
    Real up = (site.up[0] * dx + site.up[1] * dy) + site.up[2] * dz;
    Real level2 = east * east + north * north;
    Real range = sqrt(level2 + up * up);
    Real azimuth = atan2(east, north);
    azimuth = select(azimuth < 0.0, azimuth + TWO_PI, azimuth);
    LookAngles look = {select(azimuth >= TWO_PI, splat(0.0), azimuth), atan2(up, sqrt(level2)),
                       range, ((dx * s.vx + dy * s.vy) + dz * s.vz) / range};
    Real sum = (look.azimuth + look.elevation) + (look.range + look.range_rate);
    if (unlikely(any(sum != sum))) {
        // Always the same NaN. A comparison with NaN may have turned the angles into numbers.
        Real nan = not_a_number();
        Mask lost = range != range;
        look.azimuth = select(lost, nan, look.azimuth);
        look.elevation = select(lost, nan, look.elevation);
        look.range = select(lost, nan, look.range);
        look.range_rate = select(look.range_rate != look.range_rate, nan, look.range_rate);
    }
    return look;
}

}  // namespace gpuprop
