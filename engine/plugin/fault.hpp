#pragma once

#include <string>
#include <vector>

namespace millrace {

/// One thing that is wrong with a pipeline. Validation collects all of them.
struct Fault {
  std::string kind;     // a word for programs: "unknown_operator", "cycle", "parameter_range",
                        // "ops_syntax" ...
  std::string pointer;  // JSON pointer into the pipeline document: "/ops/2/params/ops"
  std::string message;  // for people: names the thing and the way out
};

}  // namespace millrace
