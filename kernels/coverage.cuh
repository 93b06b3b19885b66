// Which places on the ground have a satellite in view, and for how long they have none. Twin:
// gpuprop/sgp4/coverage.py; docs/methods/coverage.md derives the formulas.
//
// `sees` is the definition. All else only proposes: on a row of places of one latitude those that
// see a satellite are one interval of longitude, whose ends are computed roughly; a place that is
// nearer to an end than the error of that is decided by `sees`.
#pragma once
#include "trig.cuh"

namespace gpuprop {

// rad: more than all errors of an end of an interval, sqrt(2 x 1e-10) for the quadratic and 5e-6
// for near_acos
constexpr double END_ERROR = 3.0e-5;
// Where satellite and row together are so near to the axis of the Earth, longitude hardly matters
// and the ends are too uncertain. For P below, over the sum of the radii.
constexpr double NEAR_AXIS = 2.0e-3;
constexpr double EARTH = 6400.0;        // km, for errors only
constexpr double REACH_ERROR = 1.0e-4;  // rad, for the reach of a satellite: more than its errors

// The definition: the elevation above the horizontal plane is not below the least one, whose sine
// is given. Satellite and place in ITRS, km; up: the place's unit vector. R, S: Real or double.
template <class R, class S>
FN Mask sees(R px, R py, R pz, R up_x, R up_y, R up_z, S x, S y, S z, double sine) {
    Real dx = x - px, dy = y - py, dz = z - pz;
    Real up = (up_x * dx + up_y * dy) + up_z * dz;
    Real range2 = (dx * dx + dy * dy) + dz * dz;
    return up >= sine * sqrt(range2);
}

// x from `low` to `high`. In this form, and without a branch on the sign, a processor has one
// instruction for each step.
FN Real within(Real x, double low, double high) {
    x = select(x > low, x, splat(low));
    return select(x < high, x, splat(high));
}
FN Real magnitude(Real x) { return real(bits(x) & 0x7fffffffffffffffll); }

// acos for -1 <= x <= 1, in error by less than 5e-6 rad.
FN Real near_acos(Real x) {
    Real a = magnitude(x);
    Real angle =
        sqrt(1.0 - a) *
        (1.5707915 +
         a * (-0.2142806 + a * (0.08563838 + a * (-0.03761821 + a * 0.009732968))));
    return select(x < 0.0, PI - angle, angle);
}


// What all rows need of a satellite; the rows that may see it, from `first` to `last`.
struct Footprint {
    Real rxy, r2;  // km from the axis, km^2 from the centre
    Real column;   // longitude in columns from -180 deg on
    Real latitude, reach;  // rad, geocentric
    Real first, last;
};

// reach, elevation: CoverageJob. half: 0.5 for rows of one latitude, 0 for bands.
template <class Job>
FN Footprint footprint(const Job& job, Real x, Real y, Real z, double half) {
    Footprint f;
    Real xy2 = x * x + y * y;
    f.r2 = xy2 + z * z;
    f.rxy = sqrt(xy2);
    Real r = sqrt(f.r2);
    f.column = (atan2(y, x) + PI) * job.per_column - half;
    f.latitude = atan2(z, f.rxy);
    f.reach = near_acos(within(job.reach / r, -1.0, 1.0)) - job.elevation + REACH_ERROR;
    // rows of one latitude: the whole numbers in between; bands: those that are touched
    f.first = nearest((f.latitude - f.reach - job.south) * job.per_row + (half - 0.501));
    f.last = nearest((f.latitude + f.reach - job.south) * job.per_row - (half + 0.499));
    f.first = select(f.first < 0.0, splat(0.0), f.first);
    f.last = select(f.last >= double(job.n_rows), splat(double(job.n_rows - 1)), f.last);
    return f;
}

// A row of places of one latitude: cosine and sine of it, its plane's distance from the centre
// (km), twice its distance from the axis, twice its height above the equator, squared radius.
struct GroundRow {
    Real cos, sin, plane, rxy2, rz2, r2;
};

// Columns from `low` to `high`; low may be below 0 and high above the last column.
struct Span {
    Real low, high;
    Mask none;                       // no column
    Mask low_is_open, high_is_open;  // whether that column sees the satellite has to be decided
    Mask whole;                      // the whole row has to be decided
};

// Where up >= sine * range, for c = cosine of the difference in longitude: P c + Q >= sine *
// sqrt(U - V c). The left side rises and the right one falls, so that c has one lower bound.
template <class Job>
FN Span span_of_row(const Job& job, const GroundRow& row, Real z, Real rxy, Real r2, Real column) {
    const double s = job.sine;
    Real p = rxy * row.cos;
    Real q = z * row.sin - row.plane;
    Real u = (r2 + row.r2) - row.rz2 * z;
    Real v = row.rxy2 * rxy;
    Real half = (0.5 * s) * v;
    Real under = p * (q * v + p * u) + half * half;
    Real root = s * sqrt(select(under > 0.0, under, splat(0.0)));
    Real c = (root - (p * q + s * half)) / (p * p);
    Real reach = near_acos(within(c, -1.0, 1.0)) * job.per_column;
    const double error = END_ERROR * job.per_column;
    Span span;
    Real left = column - reach, right = column + reach;
    Real low = nearest(left), high = nearest(right);
    Real before = low - left, after = right - high;  // columns by which they lie inside
    span.low_is_open = magnitude(before) < error;
    span.high_is_open = magnitude(after) < error;
    span.low = select(before <= -error, low + 1.0, low);
    span.high = select(after <= -error, high - 1.0, high);
    span.whole = p * p < (NEAR_AXIS * NEAR_AXIS) * (r2 + EARTH * EARTH);
    // below the horizontal plane; or out of reach, if c means something
    span.none = either(p + q < -1.0e-6, both(c > 1.0 + 1.0e-9, opposite(span.whole)));
    return span;
}

// Slots at which the number of satellites in view rises and falls by one, of the columns of a row.
// If they pass the last column, it rises in column 0, too.
struct Change {
    Real rise, fall;  // columns; fall is 0 behind the last one
    Mask none, turns;
};

template <class Job>
FN Change change_of_span(const Job& job, const Span& span) {
    const double n = double(job.n_columns);
    Real most = span.low + (n - 1.0);
    Real high = select(span.high > most, most, span.high);
    Change change;
    change.none = either(span.none, span.low > high);
    Real rise = span.low, fall = high + 1.0;
    rise = select(rise < 0.0, rise + n, rise);
    fall = select(fall < 0.0, fall + n, fall);
    change.rise = select(rise >= n, rise - n, rise);
    change.fall = select(fall >= n, fall - n, fall);
    change.turns = both(change.rise >= change.fall, opposite(change.none));
    return change;
}

// Bands of places: differences in longitude, in columns, beyond which no place of the band sees a
// satellite (outer), and up to which every one does (inner, negative if there is none).
struct Band {
    Real sin_low, cos_low, sin_high, cos_high;  // of the latitudes of its ends
};
struct Reaches {
    Real outer, inner;
};

// Where a parallel cuts the cap whose radius has the cosine c, around a satellite: the cosine of
// the difference in longitude.
FN Real cap_at(Real c, Real sin_lat, Real cos_lat, Real sin_sat, Real cos_sat) {
    return (c - sin_lat * sin_sat) / (cos_lat * cos_sat + 1.0e-30);
}

template <class Job>
FN Reaches reaches_of_band(const Job& job, const Band& band, Real z, Real rxy, Real r2) {
    Real r = sqrt(r2), sin_sat = z / r, cos_sat = rxy / r;
    Real outer = cosine(near_acos(within(job.reach / r, -1.0, 1.0)) - job.elevation + REACH_ERROR);
    Real angle = near_acos(within(job.inner_reach / r, -1.0, 1.0)) - job.elevation - REACH_ERROR;
    Real inner = cosine(angle);
    // The cosine is least at an end of the band, or where a meridian touches the cap.
    Real least = cap_at(outer, band.sin_low, band.cos_low, sin_sat, cos_sat);
    Real other = cap_at(outer, band.sin_high, band.cos_high, sin_sat, cos_sat);
    least = select(other < least, other, least);
    Mask touched = both(sin_sat > band.sin_low * outer, sin_sat < band.sin_high * outer);
    Real under = outer * outer - sin_sat * sin_sat;
    Real touch = sqrt(select(under > 0.0, under, splat(0.0))) / (cos_sat + 1.0e-30);
    least = select(both(touched, touch < least), touch, least);
    Real most = cap_at(inner, band.sin_low, band.cos_low, sin_sat, cos_sat);
    other = cap_at(inner, band.sin_high, band.cos_high, sin_sat, cos_sat);
    most = select(other > most, other, most);
    Reaches reaches;
    reaches.outer = (near_acos(within(least, -1.0, 1.0)) + REACH_ERROR) * job.per_column;
    reaches.outer = select(least > 1.0 + 1.0e-6, splat(-1.0), reaches.outer);
    reaches.inner = (near_acos(within(most, -1.0, 1.0)) - REACH_ERROR) * job.per_column;
    reaches.inner = select(either(angle < 0.0, most > 1.0), splat(-1.0), reaches.inner);
    return reaches;
}

// The bins around a satellite: no place outside of the outer ones sees it, every place in the inner
// ones does. Bins may be outside of the band by one turn.
struct Bins {
    Real outer, inner, inner_end, outer_end;  // inner <= inner_end; each is the first behind
    Mask none;
};

template <class Job>
FN Bins bins_of_band(const Job& job, const Reaches& reaches, Real column) {
    const double n = double(job.n_columns);
    Bins bins;
    bins.none = reaches.outer < 0.0;
    bins.outer = floor(column - reaches.outer);
    bins.outer_end = floor(column + reaches.outer) + 1.0;
    Real turn = bins.outer + n;
    bins.outer_end = select(bins.outer_end > turn, turn, bins.outer_end);
    bins.inner = floor(column - reaches.inner) + 1.0;
    bins.inner_end = floor(column + reaches.inner);
    bins.inner_end = select(bins.inner_end > turn, turn, bins.inner_end);
    Mask one = either(reaches.inner < 0.0, bins.inner_end <= bins.inner);
    bins.inner = select(one, bins.outer, bins.inner);
    bins.inner_end = select(one, bins.outer, bins.inner_end);
    return bins;
}

// What is kept of the number of satellites in view of one place.
struct Tally {
    int least, most, covered, covered_2, covered_4, covered_8;
    int gaps, longest, run;  // runs of instants without a satellite; the longest; the present one
    int cut;                 // 1: without a satellite at the first instant
    int total;               // of one call
};

FN void add_instant(Tally& t, int count, int is_first) {
    t.least = count < t.least ? count : t.least;
    t.most = count > t.most ? count : t.most;
    t.covered += count >= 1;
    t.covered_2 += count >= 2;
    t.covered_4 += count >= 4;
    t.covered_8 += count >= 8;
    int open = count == 0;
    t.gaps += open & (t.run == 0);
    t.run = open ? t.run + 1 : 0;
    t.longest = t.run > t.longest ? t.run : t.longest;
    t.cut |= open & is_first;
    t.total += count;
}

}  // namespace gpuprop
