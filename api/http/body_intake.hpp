#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/http/body_budget.hpp"
#include "api/http/body_sink.hpp"
#include "api/http/io_thread.hpp"

namespace millrace::http {

class RequestReader;

/// Carries the body of one request to its sink, piece by piece, on the threads for blocking work.
/// At most two pieces are in memory: the one that is written, and the one that the reader of the
/// connection fills meanwhile; less while the memory for bodies is tight. [its IoThread] Owned by
/// the session; dropping it drops the sink.
class BodyIntake : public std::enable_shared_from_this<BodyIntake> {
 public:
  static constexpr std::size_t kPieceBytes = 256u << 10;
  static constexpr std::size_t kTightPieceBytes = 16u
                                                  << 10;  // while the memory for bodies is tight

  /// `share` holds what is in memory. `wake` is called, on the IoThread, after each piece.
  BodyIntake(IoThread& io, std::unique_ptr<BodySink> sink, BodyShare share,
             std::function<void()> wake);

  enum class Next { MoreBytes, Wake, Whole, Refused };
  /// Takes from the reader what makes a piece, and says what to wait for.
  Next advance(RequestReader& reader);
  /// Lets an intake go whose connection has ended, after the sink has got what still came. Null:
  /// nothing happens.
  static void end_early(std::shared_ptr<BodyIntake>& intake, RequestReader& reader);
  /// Why the body was refused, with Next::Refused.
  [[nodiscard]] const Error& error() const { return *error_; }
  [[nodiscard]] bool has_failed() const { return error_.has_value(); }

  /// Gives the sink to the handler. It is destroyed on the threads for blocking work, whoever lets
  /// go of it last.
  std::shared_ptr<BodySink> take_sink() { return std::move(sink_); }
  /// Gives what the sink holds in memory to the handler.
  BodyShare take_share() { return std::move(share_); }

 private:
  /// What an ended connection leaves for the write that is under way. [any thread]
  class Rest {
   public:
    void begin_write();
    /// Returns what has been left meanwhile.
    std::string end_write();
    /// Leaves bytes to the write under way; false when there is none.
    bool leave(std::string& bytes);

   private:
    std::mutex mutex_;  // guards the rest
    bool is_writing_ = false;
    std::string bytes_;
  };

  void write(std::string piece, bool is_last);
  struct Written {
    Result<void> done;
    std::string spare;
    std::size_t kept = 0;
    bool is_last = false;
  };
  void on_written(Written written);

  IoThread& io_;
  std::shared_ptr<BodySink> sink_;  // shared with the write under way, then with the handler
  BodyShare share_;
  const std::function<void()> wake_;
  std::size_t writing_ = 0, kept_ = 0;  // bytes; kept_: by the sink
  bool is_writing_ = false, is_finished_ = false;
  std::string spare_;  // the memory of the piece before the last
  std::optional<Error> error_;
  const std::shared_ptr<Rest> rest_ = std::make_shared<Rest>();  // shared with the write under way
};

/// Returns the status that answers an error of a sink.
int status_of_sink_error(const Error& error);

}  // namespace millrace::http
