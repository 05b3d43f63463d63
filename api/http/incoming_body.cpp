#include "api/http/incoming_body.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "api/http/body_file.hpp"
#include "api/http/commons.hpp"
#include "api/http/request_reader.hpp"
#include "api/http/server.hpp"

namespace millrace::http {

namespace {

constexpr std::string_view kNoRoom =
    "the bodies of other requests take all the room that there is for them: try again in a second";

}  // namespace

IncomingBody::IncomingBody(IoThread& io, const Limits& limits, BodyPlan plan, RequestReader& reader,
                           std::function<void()> wake)
    : io_{io},
      limits_{limits},
      reader_{reader},
      wake_{std::move(wake)},
      refusal_{std::move(plan.refusal)},
      memory_{io.commons().body_memory},
      begun_{io.now()} {
  if (plan.sink)
    intake_ = std::make_shared<BodyIntake>(io_, std::move(plan.sink), std::move(memory_), wake_);
  const auto use = refusal_ ? RequestReader::BodyUse::Discard : RequestReader::BodyUse::Keep;
  reader_.begin_body(use, plan.most_bytes);
}

IncomingBody::~IncomingBody() = default;

IncomingBody::Next IncomingBody::advance() {
  if (const auto since = std::exchange(stored_since_, std::nullopt)) begun_ += io_.now() - *since;
  const auto next = choose();
  if (next == Next::Wake) stored_since_ = io_.now();
  return next;
}

IncomingBody::Next IncomingBody::choose() {
  if (refusal_) return drop();
  return intake_ ? store() : keep();
}

IncomingBody::Next IncomingBody::drop() {
  const bool is_large =
      std::max(reader_.announced_size().value_or(0), reader_.received()) > kDroppedBytes;
  if (is_large || reader_.expects_continue()) return Next::Unwanted;
  return reader_.state() == RequestReader::State::Complete ? Next::Whole : Next::MoreBytes;
}

IncomingBody::Next IncomingBody::keep() {
  const bool is_whole = reader_.state() == RequestReader::State::Complete;
  const auto size = reader_.body_size();
  const bool is_large =
      std::max<std::uint64_t>(reader_.announced_size().value_or(0), size) > kMemoryBytes ||
      (!is_whole && size > kTightBytes && memory_.budget()->is_tight());
  if (is_large) {
    begin_file();
    return store();
  }
  if (!memory_.try_hold(size)) return refuse(503, std::string{kNoRoom});
  return is_whole ? Next::Whole : Next::MoreBytes;
}

void IncomingBody::begin_file() {
  auto file = std::make_unique<BodyFile>(io_.commons().body_folder);
  file_ = file.get();
  disk_ = BodyShare{io_.commons().body_files};
  intake_ = std::make_shared<BodyIntake>(io_, std::move(file), std::move(memory_), wake_);
}

IncomingBody::Next IncomingBody::store() {
  if (file_ != nullptr && !disk_.try_hold(static_cast<std::size_t>(reader_.received())))
    return refuse(503, std::string{kNoRoom});
  switch (intake_->advance(reader_)) {
    case BodyIntake::Next::MoreBytes:
      return Next::MoreBytes;
    case BodyIntake::Next::Wake:
      return Next::Wake;
    case BodyIntake::Next::Whole:
      return Next::Whole;
    case BodyIntake::Next::Refused:
      break;
  }
  const auto& error = intake_->error();
  if (error.code == Code::Internal || error.code == Code::Io)
    spdlog::error("storing a body failed error={} detail={}", error.message, error.detail);
  return refuse(status_of_sink_error(error), error.message);
}

IncomingBody::Next IncomingBody::refuse(int status, std::string why) {
  status_ = status;
  why_ = std::move(why);
  return Next::Refused;
}

IncomingBody::Clock::time_point IncomingBody::deadline() const {
  if (limits_.body_rate == 0) return Clock::time_point::max();
  // What came so far is worth so much time.
  const std::chrono::milliseconds earned{reader_.received() / limits_.body_rate * 1000 +
                                         reader_.received() % limits_.body_rate * 1000 /
                                             limits_.body_rate};
  return begun_ + limits_.body_grace + earned;
}

Handler IncomingBody::give_to(Request& request) {
  if (!intake_) {
    if (memory_.held() > 0) request.body_share = std::make_shared<BodyShare>(std::move(memory_));
    return std::move(refusal_);
  }
  request.body_share = std::make_shared<BodyShare>(intake_->take_share());
  auto sink = intake_->take_sink();
  if (file_ != nullptr) {
    file_->hold(std::move(disk_));
    request.body_file = std::shared_ptr<BodyFile>{std::move(sink), file_};
  } else {
    request.upload = std::move(sink);
  }
  return {};
}

void IncomingBody::end_early() {
  if (file_ == nullptr) BodyIntake::end_early(intake_, reader_);
}

}  // namespace millrace::http
