#include "api/http/object_answer.hpp"

#include <utility>

#include "api/http/object_feed.hpp"
#include "api/http/response_head.hpp"

#include <fmt/format.h>

namespace millrace::http {

namespace {

bool wants_part(const Request& request, const Response& response) {
  if (request.method != Method::Get || response.status != 200) return false;
  const auto version = request.headers.get("If-Range");
  return version.empty() || is_same_version(version, header_of(response, "ETag"),
                                            header_of(response, "Last-Modified"));
}

}  // namespace

ByteRange choose_part(const Request& request, std::uint64_t size, Response& response) {
  ByteRange part{.kind = ByteRange::Kind::Whole, .first = 0, .count = size};
  if (response.status == 200) response.headers.emplace_back("Accept-Ranges", "bytes");
  const auto range = request.headers.find("Range");
  if (range && wants_part(request, response)) part = read_range(*range, size);
  if (part.kind == ByteRange::Kind::Part) {
    response.status = 206;
    response.reason.clear();
    response.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", part.first,
                                                               part.first + part.count - 1, size));
  }
  return part;
}

ObjectAnswer::ObjectAnswer(IoThread& io, std::shared_ptr<ObjectReader> reader,
                           const ByteRange& part, std::optional<int> socket,
                           std::function<void()> wake) {
  if (socket)
    file_ = FileSender::open(io, reader, *socket, part.first, part.count,
                             [this, wake](FileSender::Outcome outcome) {
                               outcome_ = outcome;
                               wake();
                             });
  if (!file_)
    feed_ = std::make_shared<ObjectFeed>(io, std::move(reader), part.first, part.count,
                                         std::move(wake));
}

ObjectAnswer::~ObjectAnswer() = default;

ObjectAnswer::Next ObjectAnswer::next() {
  if (file_) return send_file();
  if (auto piece = feed_->take()) {
    piece_ = *std::move(piece);
    return Next::Write;
  }
  if (feed_->is_done()) return Next::Whole;
  return feed_->is_broken() ? Next::Broken : Next::Wait;
}

ObjectAnswer::Next ObjectAnswer::send_file() {
  switch (std::exchange(outcome_, std::nullopt).value_or(FileSender::Outcome::More)) {
    case FileSender::Outcome::Whole:
      return Next::Whole;
    case FileSender::Outcome::More:
      file_->send();
      return Next::Wait;
    case FileSender::Outcome::Full:
      return Next::Room;
    case FileSender::Outcome::Gone:
      return Next::Gone;
    case FileSender::Outcome::Broken:
      return Next::Broken;
  }
  return Next::Broken;
}

}  // namespace millrace::http
