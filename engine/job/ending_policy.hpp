#pragma once

#include "engine/base/error.hpp"

namespace millrace {

/// Whose error it is, while a job is brought to its end.
enum class EndingStep {
  Run,    // of an operator or of what the run needed
  Write,  // of the catalog, which was to take a change of the job's row
  Store   // of the store, which was to publish what the job made
};

/// What an error leads to.
enum class EndingChoice {
  Again,    // it may pass: the job is tried again (Run), or the step until it is done (the others)
  Refused,  // the row is not what the attempt thought: it is read, and says how to go on
  Fail      // it would come again: the job fails with it
};

/// The one table of what the codes of errors lead to at the end of a job. Attempts and the recovery
/// of what a crash left have no other (docs/decisions/jobs.md).
[[nodiscard]] EndingChoice after_error(EndingStep step, Code code);

/// Makes an error of an output that is published behind others, which are visible, one that is
/// tried again: the job cannot fail any more, and what is in the way has to go. Lost bytes
/// (NotFound) and a lost lease (Cancelled) stay what they are.
[[nodiscard]] Error not_published_yet(Error error);

}  // namespace millrace
