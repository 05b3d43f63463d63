#include "api/http/event_answer.hpp"

#include <utility>

#include <fmt/format.h>

namespace millrace::http {

EventAnswer::EventAnswer(EventBody body, bool is_chunked, std::function<void()> wake)
    : is_chunked_{is_chunked},
      body_{std::move(body)},
      stream_{std::make_shared<EventStream>(std::move(wake))} {}

EventAnswer::~EventAnswer() {
  stream_->close();
  if (body_.closed) body_.closed();
}

void EventAnswer::start() {
  const auto start = std::exchange(body_.start, nullptr);
  if (!start) return;
  start({.send = [stream = stream_](auto id, auto event,
                                    auto data) { return stream->send(id, event, data); },
         .end = [stream = stream_] { stream->end(); }});
}

EventStream::Taken EventAnswer::take() {
  auto taken = stream_->take();
  if (!is_chunked_) return taken;
  if (!taken.text.empty())
    taken.text = fmt::format("{:x}\r\n{}\r\n", taken.text.size(), taken.text);
  if (taken.is_last) taken.text += "0\r\n\r\n";
  return taken;
}

}  // namespace millrace::http
