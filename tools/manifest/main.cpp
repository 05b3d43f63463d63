// millrace_manifest LIB.so...: writes what the operators of each plugin are into LIB.json, beside
// the library. Run by the build after linking a plugin. Exit codes: 0 all written, 1 a library
// cannot be used, 2 wrong use.
#include <filesystem>
#include <iostream>

#include "engine/plugin/registry.hpp"

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: millrace_manifest LIBRARY...\n";
    return 2;
  }
  int code = 0;
  for (int i = 1; i < count; ++i) {
    const auto written = millrace::write_manifest(std::filesystem::path{arguments[i]});
    if (written.ok()) continue;
    std::cerr << "millrace_manifest: " << written.error().message << '\n';
    code = 1;
  }
  return code;
}
