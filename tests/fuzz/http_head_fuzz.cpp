// Feeds bytes to the reader of HTTP requests, once in one piece and once cut in two where the first
// byte says, and holds it to what every caller relies on: both ways give the same requests, and
// limits are kept.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/request_reader.hpp"
#include "api/http/server.hpp"

namespace {

using namespace millrace::http;

struct Seen {
  std::vector<std::string> requests;
  int status = 0;
  bool operator==(const Seen&) const = default;
};

Seen read(const Limits& limits, const std::vector<std::string_view>& pieces) {
  RequestReader reader{limits};
  Seen seen;
  for (const auto piece : pieces) {
    auto state = reader.feed(piece);
    for (;;) {
      if (state == RequestReader::State::HeadDone) {
        if (reader.received() != 0 || reader.body_size() != 0) std::abort();
        state = reader.begin_body(RequestReader::BodyUse::Keep, limits.body_bytes);
        if (state == RequestReader::State::Body) state = reader.feed({});
        continue;
      }
      if (state != RequestReader::State::Complete) break;
      const auto request = reader.take();
      if (request->body.size() > limits.body_bytes) std::abort();
      if (request->headers.all().size() > limits.header_count + 1) std::abort();
      const auto& host = request->authority;
      if (!host.host.empty() && !read_authority(host.text())) std::abort();
      std::string text{to_string(request->method)};
      text += ' ' + request->path + '\n';
      for (const auto& [name, value] : request->query) text += name + '=' + value + '\n';
      for (const auto& [name, value] : request->headers.all()) {
        if (value.find_first_of("\r\n") != std::string::npos) std::abort();
        text += name + ':' + value + '\n';
      }
      text += request->body;
      seen.requests.push_back(std::move(text));
      state = reader.feed({});
    }
    if (state == RequestReader::State::Refused) {
      seen.status = reader.status();
      break;
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Limits limits;
  limits.head_bytes = 2048;
  limits.header_count = 16;
  limits.body_bytes = 4096;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::size_t cut = text.empty() ? 0 : data[0] % text.size();
  const auto whole = read(limits, {text});
  const auto halves = read(limits, {text.substr(0, cut), text.substr(cut)});
  if (whole.requests != halves.requests) std::abort();
  return 0;
}
