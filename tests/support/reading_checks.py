"""Element sets compared with the text they were read from, with python-sgp4 and with each other."""

import numpy as np
from sgp4.api import Satrec

from gpuprop.elements.fields import OMM_FIELDS
from gpuprop.elements.sets import Elements


def assert_holds(elements: Elements, records: list[dict[str, str]]) -> None:
    """Every field of every record is what int(), float() and datetime64 make of its text."""
    convert = {"object": str, "int32": int, "float64": float, "datetime64[ns]": np.datetime64}
    for name, (dtype, _, default) in OMM_FIELDS.items():
        expected = [
            convert[dtype](record[name]) if record.get(name) else default for record in records
        ]
        assert elements.fields[name].tolist() == np.array(expected, dtype).tolist(), name


def same(a: Elements, b: Elements) -> bool:
    return all(np.array_equal(a.fields[name], b.fields[name]) for name in OMM_FIELDS)


def assert_matches_python_sgp4(elements: Elements, pairs: list[tuple[str, str]]) -> None:
    satrecs = [Satrec.twoline2rv(*pair) for pair in pairs]
    fields = elements.fields
    ours = {
        "satnum": elements.sat_id,
        "no_kozai": elements.mean_motion,
        "ecco": elements.eccentricity,
        "inclo": elements.inclination,
        "nodeo": elements.raan,
        "argpo": elements.argp,
        "mo": elements.mean_anomaly,
        "ndot": fields["MEAN_MOTION_DOT"].astype(np.float64) / (1440.0 / (2.0 * np.pi) * 1440.0),
        "elnum": fields["ELEMENT_SET_NO"],
        "revnum": fields["REV_AT_EPOCH"],
    }
    for name, values in ours.items():
        assert np.array_equal(np.asarray(values), [getattr(satrec, name) for satrec in satrecs]), (
            name
        )
    # python-sgp4 multiplies a mantissa by a power of ten, which rounds more than once; ours is the
    # double nearest to the text, as in an OMM
    mantissa = [f"{first[53].strip()}.{first[54:59]}" for first, _ in pairs]
    exponent = [first[59:61].replace(" ", "+") for first, _ in pairs]
    assert elements.bstar.tolist() == [
        float(f"{m}e{e}") for m, e in zip(mantissa, exponent, strict=True)
    ]
    assert [satrec.bstar for satrec in satrecs] == [
        float(m) * 10.0 ** int(e) for m, e in zip(mantissa, exponent, strict=True)
    ]
    days = elements.epoch.astype(np.int64) / 86400e9 + 2440587.5
    assert np.allclose(
        days, [satrec.jdsatepoch + satrec.jdsatepochF for satrec in satrecs], rtol=0, atol=1e-9
    )
