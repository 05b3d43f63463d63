#pragma once

namespace millrace::tool {

/// From here on the first SIGINT or SIGTERM is remembered, so that a job can be aborted cleanly;
/// the second ends the program at once with exit code 130.
void catch_interrupts();
/// Returns whether one has come. [any thread]
bool is_interrupted();

}  // namespace millrace::tool
