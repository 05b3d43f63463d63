#include "engine/job/record_log.hpp"

#include <algorithm>

#include "engine/job/job_rows.hpp"
#include "engine/job/sequence_window.hpp"
#include "engine/plugin/log_level.hpp"

namespace millrace {

namespace {

constexpr std::size_t kBufferBytes = 64u << 10;

// FNV-1a over what makes an event this event; not the message, which may quote a time-out or an
// address.
std::uint64_t fingerprint(const RecordLogEvent& event) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto mix = [&hash](std::string_view text) {
    for (const char letter : text)
      hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
    hash = (hash ^ 0xffU) * 0x100000001b3U;
  };
  mix(level_word(event.level));
  mix(event.code);
  mix(event.file);
  mix(event.url);
  mix(event.op);
  mix(std::to_string(event.line));
  return hash;
}

}  // namespace

Result<void> RecordLog::resume(const Json& noted) {
  const std::lock_guard lock{mutex_};
  if (!noted.is_object()) return staged_.truncate(0);
  const auto size = noted.find("size");
  const auto ahead = noted.find("ahead");
  if (size == noted.end() || !size->is_number_unsigned() || ahead == noted.end() ||
      !ahead->is_array()) {
    return Error{Code::DataInvalid, "record log: its place in the checkpoint cannot be read"};
  }
  for (const Json& told : *ahead) {
    if (told.is_number_unsigned()) ++told_before_[told.get<std::uint64_t>()];
  }
  return staged_.truncate(size->get<std::uint64_t>());
}

void RecordLog::add(std::int64_t sequence, const RecordLogEvent& event) {
  const std::uint64_t print = fingerprint(event);
  const std::lock_guard lock{mutex_};
  if (failure_) return;  // the job will fail for it
  if (const auto told = told_before_.find(print); told != told_before_.end()) {
    // The line stands in the log; it may have to be known again at the next checkpoint.
    if (--told->second == 0) told_before_.erase(told);
    recent_.emplace_back(sequence, print);
    return;
  }
  Json line{{"time", to_rfc3339(clock_.now())}, {"level", level_word(event.level)}};
  const auto put = [&line](const char* key, std::string_view value) {
    if (!value.empty()) line[key] = value;
  };
  put("file", event.file);
  if (event.line > 0) line["line"] = event.line;
  put("url", event.url);
  put("op", event.op);
  put("code", event.code);
  put("message", event.message);
  buffer_ += detail::dump(line);
  buffer_ += '\n';
  recent_.emplace_back(sequence, print);
  if (!is_tail(sequence)) newest_ = std::max(newest_, sequence);
  forget_old();
  if (buffer_.size() >= kBufferBytes) {
    if (auto written = flush(); !written.ok() && !failure_) failure_ = std::move(written).error();
  }
}

// A batch that is this far behind is done at every node, so each checkpoint to come includes it.
// Out of order within the window, so the front is only nearly the oldest; what stays a little
// longer does no harm.
void RecordLog::forget_old() {
  while (!recent_.empty() && recent_.front().first < newest_ - kSequenceWindow) recent_.pop_front();
}

Result<Json> RecordLog::checkpoint(std::int64_t sequence) {
  const std::lock_guard lock{mutex_};
  if (failure_) return *failure_;
  MR_CHECK(flush());
  Json ahead = Json::array();
  std::deque<std::pair<std::int64_t, std::uint64_t>> still;
  for (const auto& [batch, print] : recent_) {
    if (batch <= sequence) continue;
    ahead.push_back(print);
    still.emplace_back(batch, print);
  }
  // What the attempt that died told and this one has not come to yet is behind this checkpoint too.
  for (const auto& [print, times] : told_before_) {
    for (std::uint32_t i = 0; i < times; ++i) ahead.push_back(print);
  }
  recent_ = std::move(still);
  return Json{{"size", staged_.size()}, {"ahead", std::move(ahead)}};
}

Result<void> RecordLog::finish(std::string_view status,
                               const std::map<std::string, std::int64_t>& counts) {
  const std::lock_guard lock{mutex_};
  if (failure_) return *failure_;
  MR_CHECK(flush());
  if (summary_at_) MR_CHECK(staged_.truncate(*summary_at_));
  summary_at_ = staged_.size();
  Json line{{"time", to_rfc3339(clock_.now())}, {"level", "summary"}, {"status", status}};
  for (const char* key : {"read", "badLines", "written", "generated", "failed"}) {
    const auto found = counts.find(key);
    line[key] = found == counts.end() ? 0 : found->second;
  }
  buffer_ += detail::dump(line);
  buffer_ += '\n';
  return flush();
}

Result<void> RecordLog::flush() {
  if (buffer_.empty()) return {};
  const std::uint64_t before = staged_.size();
  auto written = staged_.write(buffer_);
  if (!written.ok()) {
    static_cast<void>(
        staged_.truncate(before));  // half a line helps nobody; the first error is the one to tell
    return written;
  }
  buffer_.clear();
  return {};
}

}  // namespace millrace
