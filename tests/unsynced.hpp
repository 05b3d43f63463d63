#pragma once

namespace millrace::test {

/// Makes this program wait for the disk from now on, as what measures must. [any thread]
void wait_for_disk();

}  // namespace millrace::test
