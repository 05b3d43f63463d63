// Feeds bytes to the multipart parser, once in one piece and once in pieces as long as the first
// byte says, and holds it to giving the same parts both ways, within its limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/http/multipart.hpp"

namespace {

using namespace millrace;
using namespace millrace::http;

struct Seen {
  std::string parts;
  bool is_good = true;
  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view body, std::size_t piece) {
  constexpr MultipartLimits kLimits{
      .parts = 8, .head_bytes = 512, .name_bytes = 64, .filename_bytes = 64};
  Seen seen;
  std::size_t parts = 0;
  PartSink sink{.begin = [&](const PartHead& head) -> Result<void> {
                  if (++parts > kLimits.parts || head.name.size() > kLimits.name_bytes)
                    std::abort();
                  seen.parts += '<' + head.name + '|' + head.filename.value_or("-") + '|';
                  return {};
                },
                .data = [&](std::string_view bytes) -> Result<void> {
                  seen.parts += bytes;
                  return {};
                },
                .end = [&]() -> Result<void> {
                  seen.parts += '>';
                  return {};
                }};
  auto parser = MultipartParser::open("multipart/form-data; boundary=B", std::move(sink), kLimits);
  for (std::size_t at = 0; at < body.size() && seen.is_good; at += piece)
    seen.is_good = parser->feed(body.substr(at, piece)).ok();
  if (seen.is_good) seen.is_good = parser->finish().ok();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto whole = read(body, std::max<std::size_t>(body.size(), 1));
  const auto pieces = read(body, data[0] % 64 + 1);
  // After a fault the data given before it may differ by what was still held back.
  if (whole.is_good != pieces.is_good) std::abort();
  if (whole.is_good && whole.parts != pieces.parts) std::abort();
  // The type header is text from outside as well.
  (void)MultipartParser::open({reinterpret_cast<const char*>(data), size}, {});
  return 0;
}
