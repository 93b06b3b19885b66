"""Coverage by brute force: every satellite against every place, run by run."""

import numpy as np

from gpuprop.sgp4.coverage import CoverageRequest, Viewed, count_all


def viewed(states, k, labels=None):
    """The satellites with status 0 at instant k."""
    good = np.flatnonzero(states.status[k] == 0)
    planes = np.zeros(len(good), np.int64) if labels is None else np.asarray(labels)[good]
    return Viewed(states.x[k][good], states.y[k][good], states.z[k][good], planes)


def counts_of(states, ground, labels=None, n_labels=1):
    """Satellites in view of every slot at every instant, (n_times, n_planes, n_slots)."""
    request = CoverageRequest(ground, labels, n_labels)
    found = [count_all(request, viewed(states, k, labels)) for k in range(len(states))]
    counts = np.stack(found)
    if labels is None:
        return counts
    return np.concatenate((counts, counts.sum(axis=1, keepdims=True)), axis=1)


def gaps_of(counts):
    """The lengths of the runs of zeros, and whether one touches an end; counts (n_times,)."""
    lengths, run = [], 0
    for count in counts.tolist():
        run = run + 1 if count == 0 else 0
        if run == 1:
            lengths.append(0)
        if run:
            lengths[-1] = run
    return lengths, bool(counts[0] == 0 or counts[-1] == 0)


def check_cells(table, counts, slots, step_s):
    """The rows of one label are what the counts (n_times, n_slots) say, every number."""
    counts = counts[:, slots]
    n = len(counts)
    got = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    assert np.array_equal(got["visible_min"], counts.min(axis=0))
    assert np.array_equal(got["visible_max"], counts.max(axis=0))
    assert np.array_equal(got["visible_mean"], counts.sum(axis=0) / n)
    for name, least in (("covered", 1), ("covered_2", 2), ("covered_4", 4), ("covered_8", 8)):
        assert np.array_equal(got[name], (counts >= least).sum(axis=0) / n)
    gaps = [gaps_of(column) for column in counts.T]
    assert got["gaps"].tolist() == [len(lengths) for lengths, _ in gaps]
    longest = [max(lengths, default=0) * step_s for lengths, _ in gaps]
    assert got["longest_gap_s"].tolist() == longest
    means = [sum(lengths) * step_s / max(1, len(lengths)) for lengths, _ in gaps]
    assert got["mean_gap_s"].tolist() == means
    assert got["gap_cut"].tolist() == [cut for _, cut in gaps]
