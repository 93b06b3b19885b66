// The structures that the kernels pass on: the initialised constants of one lane (constants.def
// lists them), its mean orbit and its state.
#pragma once
#include "lane.cuh"

namespace gpuprop {

// The gravity model. gpuprop/sgp4/gravity.py has the values and their units.
struct Gravity {
    double radius, xke, j2, j3oj2, j4, vkmpersec;
};

struct Constants {
#define FIELD(name, unit, meaning) Real name;
#include "constants.def"
#undef FIELD
};

enum Field {
#define FIELD(name, unit, meaning) FIELD_##name,
#include "constants.def"
#undef FIELD
    FIELD_COUNT
};

enum Regime { NEAR_EARTH, DEEP_SPACE, ONE_DAY, HALF_DAY };

// Mean orbit at an instant, with the lunar-solar periodics.
struct Mean {
    Real am;  // semi-major axis, er
    Real sqrt_am;
    Real em;     // eccentricity
    Real argpm;  // argument of perigee, rad
    Real nodem;  // node, rad
    Real mm;     // mean anomaly, rad
    Code status;
};

// Functions of the inclination that the periodic terms use.
struct Inclination {
    Real sini, cosi, con41, x1mth2, x7thm1, aycof, xlcof;
};

struct State {
    Real x, y, z, vx, vy, vz;  // TEME, km and km/s
    Code status;
};

}  // namespace gpuprop
