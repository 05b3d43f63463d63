#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/route/route.hpp"

namespace millrace::atflow {

/// The dialect's number for what went wrong, "40022". The first three digits are the HTTP status.
struct ErrorNumber {
  std::string_view word;  // Refusal::word or Fault::kind
  std::string_view number;
  int rank;  // place in the order of checks; of several faults the lowest counts
};

/// Words the refusal: picks the fault that the document's order of checks finds first; further ones
/// follow in the text.
http::Response refuse(const api::Refusal& refusal, const http::Request& request);

/// Returns a refusal with a word of the table, for checks that the dialect makes itself.
api::Refusal refusal(std::string_view word, std::string message, Code code = Code::InvalidArgument);

}  // namespace millrace::atflow
