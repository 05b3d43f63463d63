// A test program does not wait for the disk: what it wrote outlives it, however it ends, and no
// test takes the power from a machine. A program that has a function of such a name keeps its own.
#include <fcntl.h>
#include <unistd.h>

namespace {

int check(int descriptor) { return ::fcntl(descriptor, F_GETFD) < 0 ? -1 : 0; }

}  // namespace

// Visible to the libraries that the program loads: SQLite's calls are the most.
extern "C" __attribute__((visibility("default"))) int fsync(int descriptor) {
  return check(descriptor);
}

extern "C" __attribute__((visibility("default"))) int fdatasync(int descriptor) {
  return check(descriptor);
}
