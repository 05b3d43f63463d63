#include "engine/job/record_log.hpp"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "engine/job/job_rows.hpp"
#include "engine/plugin/log_level.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::size_t kWriteBytes = 64u << 10;
constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

// An object without its opening brace, which the time goes in front of.
std::string text_of(const RecordLogEvent& event) {
  Json line{{"level", level_word(event.level)}};
  const auto put = [&line](const char* key, std::string_view value) {
    if (!value.empty()) line[key] = value;
  };
  put("file", event.file);
  if (event.line > 0) line["line"] = event.line;
  put("url", event.url);
  put("op", event.op);
  put("code", event.code);
  put("message", event.message);
  return detail::dump(line).substr(1);
}

}  // namespace

Result<void> RecordLog::resume(const Json& noted) {
  if (!noted.is_object()) return staged_.truncate(0);
  const auto size = noted.find("size");
  if (size == noted.end() || !size->is_number_unsigned())
    return Error{Code::DataInvalid, "record log: its place in the checkpoint cannot be read"};
  return staged_.truncate(size->get<std::uint64_t>());
}

void RecordLog::add(std::int64_t sequence, const RecordLogEvent& event) {
  if (has_failed_.load(std::memory_order_relaxed)) return;  // the job will fail for it
  Line line{sequence, event.line, clock_.now(), text_of(event)};
  const std::size_t bytes = sizeof(Line) + line.text.size();
  if (held_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > most_held_) {
    held_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    is_over_.store(true, std::memory_order_relaxed);
    return;
  }
  const std::lock_guard lock{mutex_};
  held_.push_back(std::move(line));
}

// Takes out the lines of all batches up to `sequence`, in their order.
std::vector<RecordLog::Line> RecordLog::take(std::int64_t sequence) {
  std::vector<Line> lines;
  {
    const std::lock_guard lock{mutex_};
    const auto later = std::partition(held_.begin(), held_.end(), [sequence](const Line& line) {
      return line.sequence > sequence;
    });
    lines.assign(std::make_move_iterator(later), std::make_move_iterator(held_.end()));
    held_.erase(later, held_.end());
  }
  std::size_t bytes = 0;
  for (const Line& line : lines) bytes += sizeof(Line) + line.text.size();
  held_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  std::sort(lines.begin(), lines.end(), [](const Line& one, const Line& other) {
    return std::tuple{one.sequence, one.line == 0, one.line, std::string_view{one.text}} <
           std::tuple{other.sequence, other.line == 0, other.line, std::string_view{other.text}};
  });
  return lines;
}

void RecordLog::settle(std::int64_t sequence) {
  std::string buffer;
  for (const Line& line : take(sequence)) {
    if (failure_) return;
    buffer += R"({"time":")" + to_rfc3339(line.time) + "\"," + line.text + "\n";
    if (buffer.size() < kWriteBytes) continue;
    if (auto written = write(buffer); !written.ok()) failure_ = std::move(written).error();
    buffer.clear();
  }
  if (!failure_ && !buffer.empty()) {
    if (auto written = write(buffer); !written.ok()) failure_ = std::move(written).error();
  }
  if (failure_) has_failed_.store(true, std::memory_order_relaxed);
}

Result<void> RecordLog::check() const {
  if (failure_) return *failure_;
  if (!is_over_.load(std::memory_order_relaxed)) return {};
  return Error{Code::Exhausted,
               fmt::format("record log: more than {} bytes of lines wait for the end "
                           "of one batch; tell of less, or in smaller batches",
                           most_held_)};
}

Result<Json> RecordLog::checkpoint(std::int64_t sequence) {
  settle(sequence);
  MR_CHECK(check());
  return Json{{"size", staged_.size()}};
}

Result<void> RecordLog::finish(std::string_view status,
                               const std::map<std::string, std::int64_t>& counts) {
  settle(kAll);
  MR_CHECK(check());
  if (summary_at_) MR_CHECK(staged_.truncate(*summary_at_));
  summary_at_ = staged_.size();
  Json line{{"time", to_rfc3339(clock_.now())}, {"level", "summary"}, {"status", status}};
  for (const char* key : {"read", "badLines", "written", "generated", "failed"}) {
    const auto found = counts.find(key);
    line[key] = found == counts.end() ? 0 : found->second;
  }
  return write(detail::dump(line) + '\n');
}

// Half a line helps nobody: what could not be written wholly is cut off, and the first error is the
// one to tell.
Result<void> RecordLog::write(std::string_view lines) {
  const std::uint64_t before = staged_.size();
  auto written = staged_.write(lines);
  if (!written.ok()) static_cast<void>(staged_.truncate(before));
  return written;
}

}  // namespace millrace
