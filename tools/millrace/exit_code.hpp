#pragma once

#include "engine/base/error.hpp"

namespace millrace::tool {

/// What the program ends with; docs/command-line.md is the table for people.
enum ExitCode : int {
  kOk = 0,
  kFailed = 1,       // the job failed, or the answer is no
  kUsage = 2,        // the command line or the configuration is wrong
  kBadInput = 3,     // the pipeline, a parameter or a file is wrong
  kNotFound = 4,     // a file, an operator or a job does not exist
  kUnavailable = 5,  // something that is needed is in use, full or out of reach: try again later
  kInterrupted = 130
};

int exit_code(Code code);

}  // namespace millrace::tool
