#include "api/http/event_stream.hpp"

namespace millrace::http {

namespace {

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  for (const char c : value)
    if (c != '\n' && c != '\r' && c != '\0') out += c;
  out += '\n';
}

}  // namespace

void append_event(std::string& out, std::string_view id, std::string_view event,
                  std::string_view data) {
  if (!id.empty()) append_line(out, "id: ", id);
  if (!event.empty()) append_line(out, "event: ", event);
  for (;;) {
    const auto end = data.find('\n');
    append_line(out, "data: ", data.substr(0, end));
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  out += '\n';
}

bool EventStream::send(std::string_view id, std::string_view event, std::string_view data) {
  std::string text;
  append_event(text, id, event, data);
  std::unique_lock lock{mutex_};
  if (is_closed_ || is_ended_) return false;
  if (queued_.size() + text.size() > max_bytes_) {
    is_closed_ = is_cut_ = true;
    is_awake_ = false;  // whoever was woken for data may be busy writing: this is urgent
    wake(std::move(lock));
    return false;
  }
  queued_ += text;
  wake(std::move(lock));
  return true;
}

void EventStream::end() {
  std::unique_lock lock{mutex_};
  if (is_closed_ || is_ended_) return;
  is_ended_ = true;
  wake(std::move(lock));
}

void EventStream::close() {
  const std::lock_guard lock{mutex_};
  is_closed_ = true;
  std::string{}.swap(queued_);
}

bool EventStream::is_cut() const {
  const std::lock_guard lock{mutex_};
  return is_cut_;
}

EventStream::Taken EventStream::take() {
  const std::lock_guard lock{mutex_};
  is_awake_ = false;
  Taken taken{.text = std::move(queued_), .is_last = is_ended_, .is_cut = is_cut_};
  queued_.clear();
  return taken;
}

void EventStream::wake(std::unique_lock<std::mutex> lock) {
  if (is_awake_) return;
  is_awake_ = true;
  lock.unlock();
  wake_();
}

}  // namespace millrace::http
