#include "api/http/body_intake.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

#include "api/http/blocking_work.hpp"
#include "api/http/request_reader.hpp"

namespace millrace::http {

namespace {

/// Lets a sink go on the threads for blocking work, since that may remove files.
struct LetGo {
  std::weak_ptr<BlockingWork> work;

  void operator()(BodySink* sink) const {
    std::shared_ptr<BodySink> owned{sink};
    if (const auto open = work.lock()) open->submit([owned = std::move(owned)] {});
  }
};

Result<void> give(BodySink& sink, const std::string& piece, bool is_last) {
  try {
    if (!piece.empty()) MR_CHECK(sink.write(piece));
    return is_last ? sink.finish() : Result<void>{};
  } catch (const std::exception& thrown) {
    spdlog::error("body sink failed error={}", thrown.what());
    return Error{Code::Internal, "internal error"};
  }
}

int status_of_exhausted(const Error& error) {
  // What the system lacks is told by system_error(); a disk may add where.
  constexpr std::string_view kErrno = "errno ";
  if (!error.detail.starts_with(kErrno)) return 413;
  const auto number = std::string_view{error.detail}.substr(kErrno.size());
  const auto is = [&](int error_number) {
    return number.substr(0, number.find(' ')) == std::to_string(error_number);
  };
  if (is(EFBIG)) return 413;
  return is(ENOSPC) || is(EDQUOT) ? 507 : 503;
}

}  // namespace

BodyIntake::BodyIntake(IoThread& io, std::unique_ptr<BodySink> sink, BodyShare share,
                       std::function<void()> wake)
    : io_{io},
      sink_{sink.release(), LetGo{io.blocking().weak_from_this()}},
      share_{std::move(share)},
      wake_{std::move(wake)} {}

BodyIntake::Next BodyIntake::advance(RequestReader& reader) {
  if (error_) return Next::Refused;
  if (is_finished_) return Next::Whole;
  const bool is_whole = reader.state() == RequestReader::State::Complete;
  share_.hold(kept_ + writing_ + reader.body_size());
  // What one read brings fits into the memory of a piece.
  const auto is_piece = [&] {
    const auto size = reader.body_size();
    const auto& budget = *share_.budget();
    return size + IoThread::kReadBytes > kPieceBytes ||
           (size >= kTightPieceBytes && budget.is_tight()) || (size > 0 && budget.is_used_up());
  };
  if (!is_writing_ && (is_whole || is_piece()))
    write(reader.take_body(std::move(spare_)), is_whole);
  return is_whole || is_piece() ? Next::Wake : Next::MoreBytes;
}

void BodyIntake::write(std::string piece, bool is_last) {
  is_writing_ = true;
  writing_ = piece.size();
  rest_->begin_write();
  io_.blocking().submit([io = io_.weak_from_this(), self = weak_from_this(), sink = sink_,
                         rest = rest_, piece = std::move(piece), is_last]() mutable {
    auto done = give(*sink, piece, is_last);
    const auto left = rest->end_write();
    if (done.ok() && !left.empty()) static_cast<void>(give(*sink, left, false));
    const auto kept = sink->kept_bytes();
    sink.reset();
    piece.clear();
    if (const auto alive = io.lock())
      alive->post([self = std::move(self),
                   written = Written{std::move(done), std::move(piece), kept, is_last}]() mutable {
        if (const auto intake = self.lock()) intake->on_written(std::move(written));
      });
  });
}

void BodyIntake::end_early(std::shared_ptr<BodyIntake>& intake, RequestReader& reader) {
  const auto ended = std::exchange(intake, nullptr);
  if (!ended || ended->error_ || ended->is_finished_ || reader.body_size() == 0) return;
  auto bytes = reader.take_body({});
  if (ended->rest_->leave(bytes)) return;
  ended->io_.blocking().submit([sink = ended->sink_, bytes = std::move(bytes)] {
    static_cast<void>(give(*sink, bytes, false));  // nobody is there to be told
  });
}

void BodyIntake::Rest::begin_write() {
  const std::lock_guard lock{mutex_};
  is_writing_ = true;
}

std::string BodyIntake::Rest::end_write() {
  const std::lock_guard lock{mutex_};
  is_writing_ = false;
  return std::exchange(bytes_, {});
}

bool BodyIntake::Rest::leave(std::string& bytes) {
  const std::lock_guard lock{mutex_};
  if (is_writing_) bytes_ = std::move(bytes);
  return is_writing_;
}

void BodyIntake::on_written(Written written) {
  is_writing_ = false;
  const auto others = share_.held() - kept_ - std::exchange(writing_, 0);
  share_.hold(others + written.kept);
  // The pieces of others go on to their sinks; what a sink keeps stays. A little is nobody's harm.
  const bool keeps_more =
      written.kept > std::max(std::exchange(kept_, written.kept), kTightPieceBytes);
  spare_ = std::move(written.spare);
  if (!written.done.ok()) {
    error_ = std::move(written.done).error();
  } else if (keeps_more && share_.budget()->is_exceeded()) {
    error_ = Error{Code::Unavailable,
                   "the bodies of other requests take all memory that there is for them: try "
                   "again in a second"};
  } else {
    is_finished_ = written.is_last;
  }
  wake_();
}

int status_of_sink_error(const Error& error) {
  switch (error.code) {
    case Code::InvalidArgument:
    case Code::DataInvalid:
      return 400;
    case Code::Unauthenticated:
      return 401;
    case Code::PermissionDenied:
      return 403;
    case Code::NotFound:
      return 404;
    case Code::Conflict:
      return 409;
    case Code::Exhausted:
      return status_of_exhausted(error);
    case Code::Unavailable:
      return 503;
    default:
      return 500;
  }
}

}  // namespace millrace::http
