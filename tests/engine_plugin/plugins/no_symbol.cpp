// A shared library that is no plugin of this version. With LATER_SYMBOL it is one of a version to
// come.
#ifdef LATER_SYMBOL
extern "C" __attribute__((visibility("default"))) const void* mr_plugin_v2(const void*) {
  return nullptr;
}
#else
extern "C" __attribute__((visibility("default"))) int something_else() { return 1; }
#endif
