#include "api/maisie/upload_sink.hpp"

#include <algorithm>
#include <charconv>

#include "api/maisie/sign_in.hpp"
#include "api/maisie/upload_headers.hpp"
#include "engine/base/base64.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

std::string hex_of(std::string_view bytes) {
  return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

std::optional<std::uint64_t> read_size(std::string_view text) {
  constexpr std::size_t kMostDigits = 18;
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  if (text.empty() || text.size() > kMostDigits || failed != std::errc{} || stop != end)
    return std::nullopt;
  return number;
}

std::string upload_owner(const api::Caller& caller) { return std::to_string(user_of(caller)); }

UploadSink::UploadSink(SharedRegistry registry, const http::Request& head,
                       const api::Caller& caller)
    : registry_{std::move(registry)},
      id_{head.path_value("id")},
      caller_{caller},
      announced_{read_size(head.headers.get("Content-Length"))} {
  read_head(head);
}

void UploadSink::read_head(const http::Request& head) {
  if (head.headers.get("Tus-Resumable") != kTusVersion) {
    fault_ = Fault{412, "the piece is not sent as tus 1.0.0 wants it"};
    return;
  }
  if (head.headers.get("Content-Type") != "application/offset+octet-stream") {
    fault_ = Fault{415, "the Content-Type of a piece is application/offset+octet-stream"};
    return;
  }
  const auto offset = read_size(head.headers.get("Upload-Offset"));
  if (!offset) {
    fault_ = Fault{400, "Upload-Offset says in decimal digits where the piece begins"};
    return;
  }
  offset_ = *offset;
  if (const auto checksum = head.headers.find("Upload-Checksum")) read_checksum(*checksum);
}

void UploadSink::read_checksum(std::string_view text) {
  const auto space = std::min(text.find(' '), text.size());
  const auto algorithm = text.substr(0, space);
  std::size_t size = 0;
  if (algorithm == "sha1") {
    digest_.emplace<Sha1>();
    size = 20;
  } else if (algorithm == "sha256") {
    digest_.emplace<Sha256>();
    size = 32;
  } else {
    fault_ =
        Fault{400, "Upload-Checksum names an algorithm that there is not: sha1 and sha256 are"};
    return;
  }
  const auto bytes = from_base64(text.substr(std::min(space + 1, text.size())));
  if (!bytes || bytes->size() != size) {
    fault_ = Fault{400, fmt::format("Upload-Checksum holds no {} in Base64", algorithm)};
    return;
  }
  wanted_ = hex_of(*bytes);
}

Result<void> UploadSink::begin() {
  // Nothing is written for somebody who is told that nothing was.
  if (auto confirmed = SignIn{registry_}.confirm(caller_); !confirmed.ok()) {
    refusal_ = std::move(confirmed).error();
    return {};
  }
  const bool has_checksum = !wanted_.empty();
  MR_TRY(writer_, registry_->blobs.uploads().append(id_, upload_owner(caller_), offset_,
                                                    has_checksum, announced_.value_or(0)));
  return {};
}

Result<void> UploadSink::write(std::string_view bytes) {
  if (is_refused()) return {};
  if (!writer_) {
    MR_CHECK(begin());
    if (is_refused()) return {};
  }
  std::visit(
      [&](auto& digest) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(digest)>, std::monostate>)
          digest.update(bytes);
      },
      digest_);
  return writer_->write(bytes);
}

Result<void> UploadSink::finish() {
  if (is_refused()) return {};
  if (!writer_) {
    MR_CHECK(begin());
    if (is_refused()) return {};
  }
  const auto is = std::visit(
      [](auto& digest) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(digest)>, std::monostate>) {
          return {};
        } else {
          return to_hex(std::move(digest).finish());
        }
      },
      digest_);
  if (is != wanted_) {
    fault_ = Fault{460, "the piece does not have the checksum that was announced, and was dropped"};
    return writer_->discard();
  }
  MR_TRY(stat_, writer_->finish());
  writer_.reset();
  return {};
}

}  // namespace millrace::maisie
