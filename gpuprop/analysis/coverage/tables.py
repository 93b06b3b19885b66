"""The tables of coverage: by cell, by latitude, by region."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ...time.units import SECOND
from ...typing import Array, Bits, Mask
from ..tables import field, with_metadata
from .ground import column_longitudes, row_latitudes
from .places import FINER_DEG, MOST_H3, Places

SHARES = ("covered", "covered_2", "covered_4", "covered_8")
Group: TypeAlias = Bits | slice  # indices of places
CHUNK = 1 << 20  # places that a region is asked for at a time
MEANS = ("visible_mean", *SHARES, "gaps", "mean_gap_s")


@runtime_checkable
class Region(Protocol):
    """A region: gpuprop.geography.countries.Region, or anything that has the same."""

    @property
    def code(self) -> str:
        """What names it in tables."""

    @property
    def name(self) -> str:
        """Its name in English."""

    def contains(self, lat_deg: Array, lon_deg: Array) -> Mask:
        """Compute which points are inside."""


@runtime_checkable
class Outlined(Region, Protocol):
    """A region that knows its border."""

    def outline(self) -> list[Array]:
        """Return lines (n, 2): longitude and latitude, deg."""


class Values(NamedTuple):
    """What one label has in the places, (n,) each, in the order of Places."""

    visible_min: npt.NDArray[np.int32]
    visible_mean: Array
    visible_max: npt.NDArray[np.int32]
    covered: Array
    covered_2: Array
    covered_4: Array
    covered_8: Array
    gaps: npt.NDArray[np.int32]
    longest_gap_s: Array
    mean_gap_s: Array
    gap_cut: Mask


def values_of(
    tallies: dict[str, npt.NDArray[Any]],
    slots: Bits,
    n_planes: int,
    n_times: int,
    step_ns: int | None,
) -> list[Values]:
    """Compute the values of each label from the tallies (n_planes * n_slots,), which it empties.

    A tally is removed as soon as it is used: on a fine grid each takes as much as a column.
    step_ns: None for one instant, whose gaps have no length (NaN).
    """
    step = np.nan if step_ns is None else step_ns / SECOND

    def take(name: str) -> list[npt.NDArray[Any]]:
        """Return what each label has in the places, and remove the tally."""
        return [plane[slots] for plane in tallies.pop(name).reshape(n_planes, -1)]

    gaps, covered = take("gaps"), take("covered")
    mean_gap = [
        (n_times - one) * step / np.maximum(many, 1)
        for one, many in zip(covered, gaps, strict=True)
    ]
    columns: dict[str, list[npt.NDArray[Any]]] = {"gaps": gaps, "mean_gap_s": mean_gap}
    columns["covered"] = [each / n_times for each in covered]
    del covered
    for name in SHARES[1:]:
        columns[name] = [each / n_times for each in take(name)]
    columns["longest_gap_s"] = [each * step for each in take("longest")]
    runs, cuts = take("run"), take("cut")
    columns["gap_cut"] = [(cut + run) > 0 for cut, run in zip(cuts, runs, strict=True)]
    del runs, cuts
    columns["visible_min"], columns["visible_max"] = take("least"), take("most")
    columns["visible_mean"] = [each / n_times for each in take("total")]
    return [
        Values(**{name: columns[name][plane] for name in Values._fields})
        for plane in range(n_planes)
    ]


def _fields(of_groups: bool) -> list[pa.Field]:
    """Describe the columns from visible_min on; of_groups: of several cells together."""
    share = "share of the instants"
    fields = [
        field("visible_min", pa.int32(), "satellites"),
        field("visible_mean", pa.float64(), "satellites"),
        field("visible_max", pa.int32(), "satellites"),
        *(field(name, pa.float64(), share) for name in SHARES),
        *([field("covered_min", pa.float64(), share)] if of_groups else []),
        field("gaps", pa.float64() if of_groups else pa.int32()),
        field("longest_gap_s", pa.float64(), "s"),
        field("mean_gap_s", pa.float64(), "s"),
        field("gap_cut", pa.bool_()),
    ]
    return fields


def _area(have: bool) -> list[pa.Field]:
    return [field("area_km2", pa.float64(), "km^2")] if have else []


def _labelled(labels: Sequence[str]) -> list[pa.Field]:
    return [field("constellation", pa.string())] if labels else []


def cells_table(
    places: Places, labels: Sequence[str], values: Sequence[Values], metadata: Mapping[str, object]
) -> pa.Table:
    """Make the table by cell: a row for each label and place."""
    n, times = len(places.lat), len(values)
    key = [] if places.key is None else [field(places.key[0], pa.string())]
    schema = pa.schema(
        [
            *_labelled(labels),
            field("lat", pa.float64(), "deg"),
            field("lon", pa.float64(), "deg"),
            *key,
            *_area(places.have_areas),
            *_fields(of_groups=False),
        ]
    )
    # Chunks, one for each label: no column is copied, and all labels share the places.
    shared = {"lat": places.lat, "lon": places.lon, "area_km2": places.weight}
    columns: dict[str, Any] = {name: [array] * times for name, array in shared.items()}
    columns["constellation"] = [pa.repeat(pa.scalar(label), n) for label in labels]
    if places.key is not None:
        columns[places.key[0]] = [pa.array(places.key[1], pa.string())] * times
    for name in Values._fields:
        columns[name] = [getattr(each, name) for each in values]
    arrays = [
        pa.chunked_array([pa.array(chunk, one.type) for chunk in columns[one.name]], one.type)
        for one in schema
    ]
    return pa.Table.from_arrays(arrays, schema=with_metadata(schema, metadata))


def latitude_table(
    places: Places, labels: Sequence[str], values: Sequence[Values], metadata: Mapping[str, object]
) -> pa.Table:
    """Make the table by latitude: a row for each label and latitude, from south to north."""
    latitudes, groups = _bands(places)
    schema = pa.schema(
        [
            *_labelled(labels),
            field("lat", pa.float64(), "deg"),
            *_area(places.have_areas),
            *_fields(of_groups=True),
        ]
    )
    columns = _grouped(places, labels, values, groups)
    columns["lat"] = np.tile(latitudes, len(values))
    return _table(columns, schema, metadata)


def _bands(places: Places) -> tuple[Array, list[Group]]:
    """Return the latitudes of the table by latitude, and the places of each."""
    if places.n_rows:
        ends = np.arange(places.n_rows + 1) * (len(places.lat) // places.n_rows)
        rows = [slice(first, end) for first, end in itertools.pairwise(ends.tolist())]
        return places.lat[ends[:-1]], list(rows)
    latitudes, band = np.unique(places.bands, return_inverse=True)
    order = np.argsort(band.ravel(), kind="stable")
    return latitudes, [*np.split(order, np.flatnonzero(np.diff(band.ravel()[order])) + 1)]


def region_table(
    places: Places,
    regions: Sequence[Region],
    labels: Sequence[str],
    values: Sequence[Values],
    metadata: Mapping[str, object],
) -> pa.Table:
    """Make the table by region: a row for each region and label, in the order of the regions."""
    groups = [places_inside(places, region) for region in regions]
    schema = pa.schema(
        [
            field("region", pa.string()),
            field("name", pa.string()),
            *_labelled(labels),
            field("cells", pa.int64(), "cells with their centre inside"),
            *_area(places.have_areas),
            *_fields(of_groups=True),
        ]
    )
    rows = [_grouped(places, labels, values, [group]) for group in groups]
    columns: dict[str, Any] = {
        "region": np.repeat(np.array([region.code for region in regions], object), len(values)),
        "name": np.repeat(np.array([region.name for region in regions], object), len(values)),
        "cells": np.repeat(np.array([len(group) for group in groups], np.int64), len(values)),
    }
    for one in schema.names:
        if one not in columns:
            columns[one] = np.concatenate([row[one] for row in rows]) if rows else []
    return _table(columns, schema, metadata)


def places_inside(places: Places, region: Region) -> Bits:
    """Return the indices of the places inside of a region; ValueError if there are none."""
    inside = np.concatenate(
        [
            first + np.flatnonzero(region.contains(places.lat[first:end], places.lon[first:end]))
            for first, end in _chunks(len(places.lat))
        ]
    )
    if not len(inside):
        raise ValueError(
            f"region {region.code} ({region.name}) has no "
            f"{'cell centre' if places.have_areas else 'point'} of the grid {places.name} inside: "
            f"{_finer(places, region)}"
        )
    return inside


def _chunks(n: int) -> Iterator[tuple[int, int]]:
    for first in range(0, n, CHUNK):
        yield first, min(first + CHUNK, n)


def _finer(places: Places, region: Region) -> str:
    """Say what to do about a region without a place inside: a finer grid with one, or points."""
    finer = None
    if places.name.startswith("h3:"):
        resolution = int(places.name[3:])
        if resolution < MOST_H3:
            finer = f"h3:{min(MOST_H3, resolution + 2)}"
    elif places.n_rows:
        numbers = [f"{each:g}" for each in FINER_DEG if each < 180.0 / places.n_rows]
        finer = next((f"{each}deg" for each in numbers if _has_centre(region, each)), None)
    if finer is None:
        return "give points inside of it"
    return f"use a finer grid than {places.name}, such as {finer}, or give points inside of it"


def _has_centre(region: Region, number: str) -> bool:
    """Return whether the grid of `number` degrees has a cell's centre in a region with an outline.

    True for a region without one: the whole of a fine grid is not searched for a message.
    """
    if not isinstance(region, Outlined):
        return True
    lon, lat = np.concatenate(region.outline()).T
    n_rows = round(180.0 / float(number))
    rows, columns = row_latitudes(n_rows), column_longitudes(n_rows)
    rows = rows[(rows >= lat.min()) & (rows <= lat.max())]
    columns = columns[(columns >= lon.min()) & (columns <= lon.max())]
    inside = region.contains(np.repeat(rows, len(columns)), np.tile(columns, len(rows)))
    return bool(inside.any())


def _grouped(
    places: Places, labels: Sequence[str], values: Sequence[Values], groups: Sequence[Group]
) -> dict[str, Any]:
    """Compute the columns of groups of places: a row for each label and group.

    Extremes over the places of a group; means weighted by area.
    """
    rows = list(_group_rows(places, labels, values, groups))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _group_rows(
    places: Places, labels: Sequence[str], values: Sequence[Values], groups: Sequence[Group]
) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(values):
        for group in groups:
            weight = places.weight[group]
            area = float(weight.sum())
            row: dict[str, Any] = {
                "constellation": labels[number] if labels else "",
                "area_km2": area,
                "visible_min": one.visible_min[group].min(),
                "visible_max": one.visible_max[group].max(),
                "covered_min": one.covered[group].min(),
                "longest_gap_s": one.longest_gap_s[group].max(),
                "gap_cut": bool(one.gap_cut[group].any()),
            }
            for name in MEANS:
                row[name] = float((getattr(one, name)[group] * weight).sum() / area)
            yield row


def _table(
    columns: Mapping[str, Any], schema: pa.Schema, metadata: Mapping[str, object]
) -> pa.Table:
    arrays = [pa.array(columns[one.name], one.type) for one in schema]
    return pa.Table.from_arrays(arrays, schema=with_metadata(schema, metadata))
