// What the sanitizers are told in every program of a sanitized build, however it is started.

#if defined(__SANITIZE_ADDRESS__)
// The leak checker of GCC 12 misreads the thread-local memory that glibc 2.36 gives to libraries
// which are loaded at run time, and crashes when there are several: it takes the bytes before such
// a block for its size.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_options();
extern "C" const char* __lsan_default_options() { return "use_tls=0"; }
// The loader's own table of those blocks, which is then only reachable from where it does not look
// (named by its module: an ordinary installation has no symbols for it); thread-local objects of
// threads that live on, which a test leaves behind as a dead process would: their destructors, the
// text that one of them holds (failed() in host_call.cpp), and the vectors that others keep
// (take_spare_room() in engine/run/output.cpp); and GDAL, which comes with OpenCV's picture formats
// and keeps what it made at its start.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:ld-linux\nleak:__cxa_thread_atexit_impl\nleak:millrace::detail::failed\nleak:take_"
         "spare_room\nleak:libgdal";
}
#endif

#if defined(__SANITIZE_THREAD__)
// GDAL, which comes with OpenCV's picture formats, takes two mutexes of its own in both orders
// while it starts, on one thread and within one call of imwrite(); both stacks of the report lie in
// CPLAcquireMutex() and its callers in libgdal.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "deadlock:libgdal"; }
#endif
