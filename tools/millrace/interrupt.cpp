#include "tools/millrace/interrupt.hpp"

#include <signal.h>
#include <unistd.h>

#include "tools/millrace/exit_code.hpp"

namespace millrace::tool {
namespace {

volatile sig_atomic_t interrupts = 0;

extern "C" void remember_interrupt(int) {
  interrupts = interrupts + 1;
  if (interrupts > 1) ::_exit(kInterrupted);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool is_interrupted() { return interrupts > 0; }

}  // namespace millrace::tool
