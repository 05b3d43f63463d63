#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/body_budget.hpp"
#include "api/http/body_intake.hpp"
#include "api/http/body_plan.hpp"
#include "api/http/io_thread.hpp"

namespace millrace::http {

class BodyFile;
class RequestReader;
struct Limits;

/// The body of one request on its way from the reader of a connection to where its plan wants it:
/// into memory, through memory into a file when it is large, into a sink, or nowhere. Counts what
/// it holds, and how fast it comes. [its IoThread] Owned by the session.
class IncomingBody {
 public:
  using Clock = IoThread::Clock;
  /// A body that is kept waits in memory up to so many bytes, and up to so many while the memory
  /// for bodies is tight; a larger one in a file.
  static constexpr std::size_t kMemoryBytes = 1u << 20, kTightBytes = 64u << 10;
  /// So much of a body that nobody wants is read for the sake of the connection.
  static constexpr std::size_t kDroppedBytes = 1u << 20;

  /// Says to the reader, which waits for that, what becomes of the body. `wake` is called, on the
  /// IoThread, after each piece that has been stored.
  IncomingBody(IoThread& io, const Limits& limits, BodyPlan plan, RequestReader& reader,
               std::function<void()> wake);
  ~IncomingBody();

  /// Unwanted: the request is to be answered now, and the connection to be given up.
  enum class Next { MoreBytes, Wake, Whole, Unwanted, Refused };
  /// Takes from the reader what has come, and says what to wait for.
  Next advance();
  /// Why the body was refused, with Next::Refused.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] bool has_failed() const { return intake_ && intake_->has_failed(); }

  /// When the client has been too slow, unless more comes until then.
  [[nodiscard]] Clock::time_point deadline() const;

  /// Gives what has come to its request, and what answers in place of the site, if anything does.
  Handler give_to(Request& request);
  /// Lets a sink have what still came before the connection ended.
  void end_early();

 private:
  Next choose();
  Next drop();
  Next keep();
  Next store();
  void begin_file();
  Next refuse(int status, std::string why);

  IoThread& io_;
  const Limits& limits_;
  RequestReader& reader_;
  const std::function<void()> wake_;
  Handler refusal_;
  BodyShare memory_, disk_;             // memory_: until the intake has it
  std::shared_ptr<BodyIntake> intake_;  // shared with its own events; null: memory keeps the body
  BodyFile* file_ = nullptr;            // the sink of the intake, where it is ours
  Clock::time_point begun_;             // later by what our own disk took
  std::optional<Clock::time_point> stored_since_;
  int status_ = 0;
  std::string why_;
};

}  // namespace millrace::http
