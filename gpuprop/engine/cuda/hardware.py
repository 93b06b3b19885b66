"""What the model of rates must know of a GPU."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from ..rates import Gpu
from .availability import import_cupy, properties_of

# Numbers of cudaDeviceAttr. CUDA 13 has no clock in the properties.
CLOCK_KHZ, PCI_BUS, PCI_DEVICE, PCI_DOMAIN = 13, 33, 34, 50
USUAL_CLOCK_HZ = 1.5e9  # if a GPU does not say
PCI = Path("/sys/bus/pci/devices")


def gpu_of(number: int) -> Gpu:
    """Describe GPU `number`; CudaError if it does not answer."""
    cupy = import_cupy()
    properties = properties_of(cupy, number)
    clock = _attribute(cupy, CLOCK_KHZ, number)
    return Gpu(
        number,
        properties["name"].decode(),
        (int(properties["major"]), int(properties["minor"])),
        int(properties["multiProcessorCount"]),
        1e3 * clock if clock else USUAL_CLOCK_HZ,
        _bus(cupy, number),
    )


def _attribute(cupy: Any, attribute: int, number: int) -> int | None:
    """Return an attribute of a GPU, or None if it does not say."""
    try:
        return int(cupy.cuda.runtime.deviceGetAttribute(attribute, number))
    except (RuntimeError, ImportError, OSError):
        return None


def _bus(cupy: Any, number: int) -> float | None:
    """Return giga-transfers a second of all lanes of the bus; None if the system does not say.

    The slot may be slower than the GPU. The speed in use is not read, because an idle bus is slow.
    """
    domain, bus, place = (
        _attribute(cupy, each, number) for each in (PCI_DOMAIN, PCI_BUS, PCI_DEVICE)
    )
    if domain is None or bus is None or place is None:
        return None
    device = PCI / f"{domain:04x}:{bus:02x}:{place:02x}.0"
    speeds = []
    with suppress(OSError, ValueError):
        for folder in (device, device.resolve().parent):
            speeds.append(float((folder / "max_link_speed").read_text().split()[0]))
    with suppress(OSError, ValueError):
        width = int((device / "current_link_width").read_text())
        return min(speeds) * width if speeds and width > 0 else None
    return None
