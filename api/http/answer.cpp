#include "api/http/answer.hpp"

#include "api/http/session.hpp"

namespace millrace::http {

Answer::Answer(IoThread& io, std::weak_ptr<Session> session)
    : io_{io.weak_from_this()}, session_{std::move(session)} {}

Answer::~Answer() {
  if (is_given_.load(std::memory_order_relaxed)) return;
  if (const auto io = io_.lock())
    io->post([session = std::move(session_)] {
      if (const auto open = session.lock()) open->answer_is_lost();
    });
}

void Answer::give(Response response) {
  if (is_given_.exchange(true, std::memory_order_relaxed)) return;
  const auto io = io_.lock();
  if (!io) return;
  if (io->is_here()) {
    if (const auto open = session_.lock()) open->answer(std::move(response));
  } else {
    io->post([session = std::move(session_), response = std::move(response)]() mutable {
      if (const auto open = session.lock()) open->answer(std::move(response));
    });
  }
}

}  // namespace millrace::http
