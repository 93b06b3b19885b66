"""Engines compute states from constants and instants. All of them return the same bits.

choice.py     the interface of an engine; engines by name
rates.py      how many states a second an engine computes on some hardware: a model
teams.py      which engine and which GPUs are the fastest, by this model
hardware.py   what the model must know of this CPU
fastest.py    what `auto` opens here
numpy/        tiles of satellites and instants, in worker processes
cpu/          the compiled kernels, in threads
host.py       what numpy and cpu have in common
cuda/         the kernels on NVIDIA GPUs, through CuPy
mixed.py      precision mixed: which satellites have it, in which order
operations.py the operations of the kernels, from kernels/operations.def
digest.py     the committed digest that every engine must reproduce
mixed_digest.py  the recorded bits of precision mixed
prefetch.py   bounded, ordered prefetching on worker threads
buffers.py    the pool of memory for blocks
"""
