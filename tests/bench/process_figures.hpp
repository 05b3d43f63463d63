#pragma once

#include <cstdint>

#include <sys/types.h>

/// What the kernel says of a process of this machine. All throw std::runtime_error when there is no
/// such process, or it may not be looked at.
namespace millrace::bench {

/// CPU seconds that its threads have taken, in user and in kernel space; to a hundredth.
double cpu_seconds(pid_t process);

/// The most memory that was resident at once (VmHWM), in bytes, since it began or since
/// forget_peak_memory().
double peak_memory_bytes(pid_t process);
void forget_peak_memory(pid_t process);

/// The process that listens on a TCP port.
pid_t listener_of(std::uint16_t port);

}  // namespace millrace::bench
