// EXPORTED: an entry point of the library, for gpuprop/engine/cpu/kernels.py. On Windows a library
// has no entry points unless they are marked; elsewhere every function is one.
#pragma once
#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED
#endif
