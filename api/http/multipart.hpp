#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/message.hpp"
#include "engine/base/result.hpp"

namespace millrace::http {

struct MultipartLimits {
  std::size_t parts = 1000;
  std::size_t head_bytes = 8u << 10;  // of one part
  std::size_t name_bytes = 256;       // of a field's name
  std::size_t filename_bytes = 1024;
};

/// The head of one part of multipart/form-data (RFC 7578).
struct PartHead {
  std::string name;
  std::optional<std::string> filename;
  Headers headers;
};

/// What the parts are given to, in order: begin, any number of data, end. An error stops the parser
/// and is its result.
struct PartSink {
  std::function<Result<void>(const PartHead&)> begin;
  std::function<Result<void>(std::string_view)> data;
  std::function<Result<void>()> end;
};

/// Takes a multipart/form-data body apart as it arrives, in constant memory. Malformed bodies are
/// DataInvalid, those beyond a limit Exhausted. [one thread at a time]
class MultipartParser {
 public:
  /// Reads the boundary from the request's Content-Type; InvalidArgument when it is of another type
  /// or has none.
  static Result<MultipartParser> open(std::string_view content_type, PartSink sink,
                                      MultipartLimits limits = {});

  Result<void> feed(std::string_view bytes);
  /// Says that the body has ended; DataInvalid when its closing boundary has not come.
  Result<void> finish();

 private:
  enum class State { Preamble, AfterBoundary, Head, Data, Done, Failed };

  MultipartParser(std::string_view boundary, PartSink sink, MultipartLimits limits);
  Result<void> pass_data(std::string_view& bytes);
  Result<void> take_apart(std::string_view bytes);
  Result<bool> step();
  Result<bool> read_preamble();
  Result<bool> read_after_boundary();
  Result<bool> read_head();
  Result<bool> read_data();
  Result<PartHead> parse_head(std::string_view text) const;

  /// Returns what of `input_` is not yet understood.
  [[nodiscard]] std::string_view rest() const { return std::string_view{input_}.substr(taken_); }

  std::string delimiter_;  // CRLF "--" boundary
  PartSink sink_;
  MultipartLimits limits_;
  State state_ = State::Preamble;
  std::string input_;      // between two feeds less than a head, or than a delimiter
  std::size_t taken_ = 0;  // of `input_`: erased once a feed, since each time moves all behind it
  std::size_t parts_ = 0;
};

}  // namespace millrace::http
