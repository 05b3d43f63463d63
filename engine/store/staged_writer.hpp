#pragma once

#include "engine/plugin/services.hpp"

namespace millrace {

/// A staged output as the store hands it out. [one thread at a time]
class StagedWriter : public ObjectWriter {
 public:
  /// Returns when all that was written before is on stable storage, with the stage's own name. May
  /// be called while another thread writes.
  virtual Result<void> sync() = 0;
};

/// Whether an attempt publishes an output for the first time, or may have done so before: then a
/// stage that is gone, where an object stands, has been published.
enum class Publishing { First, Again };

}  // namespace millrace
