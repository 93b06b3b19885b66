// States in the layout of python-sgp4 on a CPU, a part of cpu.cpp. It is included in the middle
// of cpu.cpp, whose functions it uses.

// The state t minutes after the epoch, in one stage.
template <int REGIME>
FN State state_of(const Gravity& gravity, bool afspc, const Constants& c, Integrator& reached,
                  Real t) {
    if constexpr (REGIME == NEAR_EARTH) {
        Mean mean = near_earth(c, t);
        if (unlikely(any(angles_lost(mean)))) near_earth_without_angles(c, t, mean);
        return orbit(gravity, c.rmax, mean, inclination_at_epoch(c));
    } else {
        Inclination inclination;
        Mean mean = deep_space<REGIME>(gravity, afspc, c, reached, t, inclination);
        return orbit(gravity, c.rmax, mean, inclination);
    }
}

// Store one lane of a state in the layout of python-sgp4.
FN void store_julian(const JulianJob& job, const State& s, int lane, int64_t at) {
    double* r = job.r + 3 * at;
    double* v = job.v + 3 * at;
    r[0] = s.x[lane], r[1] = s.y[lane], r[2] = s.z[lane];
    v[0] = s.vx[lane], v[1] = s.vy[lane], v[2] = s.vz[lane];
    job.status[at] = uint8_t(s.status[lane]);
}

// A vector is W satellites at one instant. The last satellites, too few for a vector, are computed
// one by one: then a vector is one satellite at W instants.
template <int REGIME>
void julian(const JulianJob& job, const Task& task) {
    const int64_t last = task.last;
    int64_t i = task.first;
    for (; i + W <= last; i += W) {
        Constants c = load_constants(job.constants + i, job.stride);
        Integrator reached = at_epoch(c);
        Real whole = load(job.jd0 + i), part = load(job.fr0 + i);
        for (int64_t k = 0; k < job.n_times; k++) {
            Real t = (job.jd[k] - whole) * 1440.0 + (job.fr[k] - part) * 1440.0;
            State s = state_of<REGIME>(job.gravity, job.afspc, c, reached, t);
            for (int lane = 0; lane < W; lane++)
                store_julian(job, s, lane, job.place[i + lane] * job.n_times + k);
        }
    }
    for (; i < last; i++) {
        Constants c = repeat_constants(job.constants + i, job.stride);
        Integrator reached = at_epoch(c);
        for (int64_t k = 0; k < job.n_times; k += W) {
            int lanes = k + W <= job.n_times ? W : int(job.n_times - k);
            // The unused lanes of the last vector repeat the last instant: no further steps of the
            // resonance.
            Real jd, fr;
            for (int lane = 0; lane < W; lane++) {
                jd[lane] = job.jd[lane < lanes ? k + lane : job.n_times - 1];
                fr[lane] = job.fr[lane < lanes ? k + lane : job.n_times - 1];
            }
            Real t = (jd - job.jd0[i]) * 1440.0 + (fr - job.fr0[i]) * 1440.0;
            State s = state_of<REGIME>(job.gravity, job.afspc, c, reached, t);
            for (int lane = 0; lane < lanes; lane++)
                store_julian(job, s, lane, job.place[i] * job.n_times + k + lane);
        }
    }
}
