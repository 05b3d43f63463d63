#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http/io_thread.hpp"
#include "engine/plugin/services.hpp"

namespace millrace::http {

/// Reads a part of an object for one answer on the threads for blocking work, one piece ahead of
/// what is sent. [its IoThread] Owned by the session.
class ObjectFeed : public std::enable_shared_from_this<ObjectFeed> {
 public:
  static constexpr std::size_t kPieceBytes = 256u << 10;

  /// `wake` is called, on the IoThread, when the piece that take() had to do without is there, or
  /// will never be.
  ObjectFeed(IoThread& io, std::shared_ptr<ObjectReader> reader, std::uint64_t first,
             std::uint64_t count, std::function<void()> wake);

  /// Returns the next piece, or nothing when it has not come yet.
  std::optional<std::string> take();
  /// Tells whether all pieces have been taken.
  [[nodiscard]] bool is_done() const { return to_take_ == 0; }
  /// Tells whether the object could not be read on.
  [[nodiscard]] bool is_broken() const { return is_broken_; }

 private:
  void fetch();
  void on_fetched(bool is_good, std::string bytes);

  IoThread& io_;
  std::shared_ptr<ObjectReader> reader_;  // shared with the read under way
  const std::function<void()> wake_;
  std::uint64_t first_, to_fetch_, to_take_;  // bytes
  std::optional<std::string> ready_;
  bool has_begun_ = false, is_fetching_ = false, is_awaited_ = false, is_broken_ = false;
};

}  // namespace millrace::http
