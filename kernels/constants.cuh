// The structures that the kernels pass on: the arguments of the operations (operations.def lists
// them), the initialised constants of one lane (constants.def lists them), its mean orbit and its
// state.
#pragma once
#include "lane.cuh"

namespace gpuprop {

typedef long long Integer;
struct Rotation;
struct Site;

// clang-format off
#define STRUCTURE(name) struct name {
#define MEMBER(type, name, meaning) type name;
#define END };
// clang-format on
#include "operations.def"

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

enum Kernel {
#define KERNEL(name, argument, function, blocks) KERNEL_##name,
#define KERNEL_OF_CPU(name, argument, function) KERNEL_##name,
#define KERNEL_OF_GPU(name, argument, function, blocks) KERNEL_##name,
#include "operations.def"
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
