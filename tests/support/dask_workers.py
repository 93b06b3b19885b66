"""Workers of Dask, which must be able to import this module by its name."""

import distributed
from patience import PATIENCE_S

import gpuprop.snapshots.cluster


class Patient(distributed.WorkerPlugin):
    """Each worker, also a replacement, has as much time as it needs to drop its part."""

    def setup(self, worker):
        gpuprop.snapshots.cluster.STOP_S = PATIENCE_S
