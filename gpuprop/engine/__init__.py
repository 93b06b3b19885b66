"""Engines compute states from constants and instants. All of them return the same bits.

choice.py     which engine runs here
numpy/        tiles of satellites and instants, in worker processes
cpu.py        the compiled kernels, in threads
host.py       what numpy and cpu have in common
cuda/         the kernels on NVIDIA GPUs, through CuPy
mixed.py      precision mixed: which satellites have it, in which order
operations.py the operations of the kernels, from kernels/operations.def
digest.py     the committed digest that every engine must reproduce
prefetch.py   bounded, ordered prefetching on worker threads
buffers.py    the pool of memory for blocks
"""
