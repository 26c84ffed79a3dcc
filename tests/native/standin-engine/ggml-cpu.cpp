// A back end that does nothing but load.
#if defined(_WIN32)
extern "C" __declspec(dllexport) int ggml_backend_init() { return 1; }
#else
extern "C" __attribute__((visibility("default"))) int ggml_backend_init() { return 1; }
#endif
