#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "api/http/body_sink.hpp"
#include "api/maisie/registry.hpp"
#include "engine/base/sha1.hpp"
#include "engine/store/uploads.hpp"

namespace millrace::maisie {

/// Reads a number of a header of tus: decimal digits, fewer than would overflow.
std::optional<std::uint64_t> read_size(std::string_view text);
/// The owner under which a user's uploads are kept.
std::string upload_owner(const api::Caller& caller);

/// Takes the bytes of one PATCH into an upload. What is wrong with its head is known from the
/// start; the body is then read and dropped. [as BodySink]
class UploadSink final : public http::BodySink {
 public:
  /// Of `head` the id in the path is known.
  UploadSink(SharedRegistry registry, const http::Request& head, const api::Caller& caller);

  Result<void> write(std::string_view bytes) override;
  Result<void> finish() override;

  /// What is wrong, with its status.
  struct Fault {
    int status = 0;
    std::string why;
  };
  [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }
  /// Of a user who is not there any more, or may not sign in.
  [[nodiscard]] const std::optional<api::Refusal>& refusal() const { return refusal_; }
  /// Where the upload stands, once finished without fault.
  [[nodiscard]] const UploadStat& stat() const { return stat_; }

 private:
  using Running = std::variant<std::monostate, Sha1, Sha256>;
  void read_head(const http::Request& head);
  void read_checksum(std::string_view text);
  Result<void> begin();
  [[nodiscard]] bool is_refused() const { return fault_ || refusal_; }

  SharedRegistry registry_;
  const std::string id_;
  const api::Caller caller_;
  std::uint64_t offset_ = 0;
  std::optional<std::uint64_t> announced_;  // length of the body, where it is told
  Running digest_;
  std::string wanted_;  // digest in hexadecimal digits
  std::optional<Fault> fault_;
  std::optional<api::Refusal> refusal_;
  std::unique_ptr<UploadWriter> writer_;
  UploadStat stat_;
};

}  // namespace millrace::maisie
