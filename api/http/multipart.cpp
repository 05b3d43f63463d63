#include "api/http/multipart.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/ascii.hpp"

#include <fmt/format.h>

namespace millrace::http {

namespace {

constexpr std::size_t kMaxBoundary = 70;  // RFC 2046, 5.1.1

/// Finds a parameter of a header value ('form-data; name="a"; filename="b.jpg"'); nothing when it
/// is absent or broken.
std::optional<std::string> parameter(std::string_view value, std::string_view wanted) {
  auto rest = value.substr(std::min(value.size(), value.find(';')));
  while (!rest.empty()) {
    rest.remove_prefix(1);  // ';'
    const auto equals = rest.find_first_of("=;");
    if (equals == std::string_view::npos || rest[equals] == ';') {
      rest = rest.substr(std::min(rest.size(), equals));
      continue;
    }
    const auto name = trimmed(rest.substr(0, equals));
    rest = rest.substr(equals + 1);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(" \t")));
    std::string found;
    if (rest.starts_with('"')) {
      std::size_t i = 1;
      // A backslash escapes quote and backslash only: some browsers send Windows paths.
      for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\'))
          ++i;
        found += rest[i];
      }
      if (i >= rest.size()) return std::nullopt;
      rest = rest.substr(i + 1);
      rest = rest.substr(std::min(rest.size(), rest.find(';')));
    } else {
      const auto end = rest.find(';');
      found = trimmed(rest.substr(0, end));
      rest = rest.substr(std::min(rest.size(), end));
    }
    if (equal_without_case(name, wanted)) return found;
  }
  return std::nullopt;
}

Error malformed(std::string_view what) {
  return {Code::DataInvalid, fmt::format("read multipart body: {}", what)};
}

}  // namespace

Result<MultipartParser> MultipartParser::open(std::string_view content_type, PartSink sink,
                                              MultipartLimits limits) {
  const auto type = trimmed(content_type.substr(0, content_type.find(';')));
  if (!equal_without_case(type, "multipart/form-data"))
    return Error{Code::InvalidArgument,
                 fmt::format("Content-Type must be multipart/form-data, is: {}", type)};
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary ||
      boundary->find_first_of("\r\n") != std::string::npos)
    return Error{Code::InvalidArgument,
                 "Content-Type multipart/form-data needs a boundary of 1 to 70 characters"};
  return MultipartParser{*boundary, std::move(sink), limits};
}

MultipartParser::MultipartParser(std::string_view boundary, PartSink sink, MultipartLimits limits)
    : delimiter_{"\r\n--"}, sink_{std::move(sink)}, limits_{limits} {
  delimiter_ += boundary;
  input_ = "\r\n";  // so that a boundary at the very start looks like any other
}

Result<void> MultipartParser::feed(std::string_view bytes) {
  if (state_ == State::Failed) return malformed("fed after an error");
  if (state_ == State::Done) return {};  // an epilogue: of no interest
  auto done = take_apart(bytes);
  if (!done.ok()) state_ = State::Failed;
  input_.erase(0, std::exchange(taken_, 0));
  if (state_ == State::Done) std::string{}.swap(input_);
  return done;
}

Result<void> MultipartParser::take_apart(std::string_view bytes) {
  MR_CHECK(pass_data(bytes));
  input_.append(bytes);
  for (;;) {
    MR_TRY(const bool goes_on, step());
    if (!goes_on) return {};
  }
}

Result<void> MultipartParser::finish() {
  if (state_ == State::Done) return {};
  state_ = State::Failed;
  return malformed("closing boundary is missing");
}

/// Gives data of a large part away without copying it, and leaves in `bytes` what may be more.
Result<void> MultipartParser::pass_data(std::string_view& bytes) {
  const auto overlap = delimiter_.size() - 1;
  if (state_ != State::Data || bytes.size() < overlap) return {};
  // A delimiter that begins in what was kept ends here.
  const auto kept = input_.size();
  input_.append(bytes.substr(0, overlap));
  const bool begins_before = input_.find(delimiter_) < kept;
  input_.resize(kept);
  if (begins_before) return {};
  const auto found = bytes.find(delimiter_);
  const auto size = found != std::string_view::npos ? found : bytes.size() - overlap;
  if (sink_.data && kept > 0) MR_CHECK(sink_.data(input_));
  input_.clear();
  if (sink_.data && size > 0) MR_CHECK(sink_.data(bytes.substr(0, size)));
  bytes.remove_prefix(size);
  return {};
}

Result<bool> MultipartParser::step() {
  switch (state_) {
    case State::Preamble:
      return read_preamble();
    case State::AfterBoundary:
      return read_after_boundary();
    case State::Head:
      return read_head();
    case State::Data:
      return read_data();
    default:
      return false;
  }
}

Result<bool> MultipartParser::read_preamble() {
  const auto input = rest();
  const auto found = input.find(delimiter_);
  if (found == std::string_view::npos) {
    taken_ += input.size() - std::min(input.size(), delimiter_.size() - 1);
    return false;
  }
  taken_ += found + delimiter_.size();
  state_ = State::AfterBoundary;
  return true;
}

Result<bool> MultipartParser::read_after_boundary() {
  // "--" closes; else white space may stand before the line break (RFC 2046: transport padding).
  const auto input = rest();
  if (input.size() < 2) return false;
  if (input.starts_with("--")) {
    state_ = State::Done;
    return false;
  }
  const auto end = input.find_first_not_of(" \t");
  if (std::min(end, input.size()) > limits_.head_bytes) return malformed("boundary line too long");
  if (end == std::string_view::npos || end + 1 >= input.size()) return false;
  if (input.substr(end, 2) != "\r\n") return malformed("text after a boundary");
  if (++parts_ > limits_.parts)
    return Error{Code::Exhausted,
                 fmt::format("read multipart body: more than {} parts", limits_.parts)};
  taken_ += end;  // the line break stays: a head without fields is just two of them
  state_ = State::Head;
  return true;
}

Result<bool> MultipartParser::read_head() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const auto input = rest();
  const auto end = input.find(kEnd);
  // Of an end that has not come whole, all but one byte may be here already.
  if (std::min(end, input.size() - std::min(input.size(), kEnd.size() - 1)) > limits_.head_bytes)
    return Error{Code::Exhausted,
                 fmt::format("read multipart body: part head above {} bytes", limits_.head_bytes)};
  if (end == std::string_view::npos) return false;
  MR_TRY(const auto head, parse_head(input.substr(0, end)));
  taken_ += end + kEnd.size();
  if (sink_.begin) MR_CHECK(sink_.begin(head));
  state_ = State::Data;
  return true;
}

Result<bool> MultipartParser::read_data() {
  const auto input = rest();
  const auto found = input.find(delimiter_);
  const bool is_whole = found != std::string_view::npos;
  // Without a delimiter all but what may be the beginning of one.
  const auto size = is_whole ? found : input.size() - std::min(input.size(), delimiter_.size() - 1);
  if (size > 0 && sink_.data) MR_CHECK(sink_.data(input.substr(0, size)));
  taken_ += size;
  if (!is_whole) return false;
  taken_ += delimiter_.size();
  if (sink_.end) MR_CHECK(sink_.end());
  state_ = State::AfterBoundary;
  return true;
}

Result<PartHead> MultipartParser::parse_head(std::string_view text) const {
  PartHead head;
  bool has_disposition = false;
  while (!text.empty()) {
    if (text.starts_with("\r\n")) text.remove_prefix(2);
    const auto line = text.substr(0, text.find("\r\n"));
    text.remove_prefix(line.size());
    if (line.empty()) continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.front() == ' ' ||
        line.front() == '\t' || line.find_first_of("\r\n") != std::string_view::npos ||
        line.find('\0') != std::string_view::npos)
      return malformed("malformed head of a part");
    const auto name = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
    head.headers.add(std::string{name}, std::string{value});
    if (!equal_without_case(name, "Content-Disposition")) continue;
    if (std::exchange(has_disposition, true))
      return malformed("Content-Disposition given twice in a part");
    if (!equal_without_case(trimmed(value.substr(0, value.find(';'))), "form-data"))
      return malformed("Content-Disposition of a part is not form-data");
    auto field = parameter(value, "name");
    if (!field) return malformed("part without a name");
    head.name = *std::move(field);
    head.filename = parameter(value, "filename");
  }
  if (!has_disposition) return malformed("part without Content-Disposition");
  if (head.name.size() > limits_.name_bytes)
    return Error{Code::Exhausted,
                 fmt::format("read multipart body: name above {} bytes", limits_.name_bytes)};
  if (head.filename && head.filename->size() > limits_.filename_bytes)
    return Error{Code::Exhausted, fmt::format("read multipart body: file name above {} bytes",
                                              limits_.filename_bytes)};
  return head;
}

}  // namespace millrace::http
