// A test program does not wait for the disk, unless it measures: what it wrote outlives it, however
// it ends, and no test takes the power from a machine. A program that has a function of such a name
// keeps its own.
#include "tests/unsynced.hpp"

#include <atomic>
#include <fcntl.h>
#include <unistd.h>

#include <sys/syscall.h>

namespace {

std::atomic<bool> waits{false};

int synced(long call, int descriptor) {
  if (waits) return static_cast<int>(::syscall(call, descriptor));
  return ::fcntl(descriptor, F_GETFD) < 0 ? -1 : 0;
}

}  // namespace

// Visible to the libraries that the program loads: SQLite's calls are the most.
extern "C" __attribute__((visibility("default"))) int fsync(int descriptor) {
  return synced(SYS_fsync, descriptor);
}

extern "C" __attribute__((visibility("default"))) int fdatasync(int descriptor) {
  return synced(SYS_fdatasync, descriptor);
}

void millrace::test::wait_for_disk() { waits = true; }
