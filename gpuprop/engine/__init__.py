"""Engines: what turns constants and instants into states. All give the same bits.

choice.py     which engine runs here
numpy/        tiles of satellites and instants, in processes
cpu.py        the compiled kernels, in threads
cuda/         the kernels on NVIDIA GPUs, through CuPy
digest.py     the committed digest that every engine must reproduce
prefetch.py   bounded, ordered prefetching on worker threads
buffers.py    memory of blocks, used again
"""
