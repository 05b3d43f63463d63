// Writes the records that reach it to a list file, a line each, and counts what the list holds.
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/external_sort.hpp>
#include <millrace/operator.hpp>

#include "plugins/records/columns.hpp"
#include "plugins/records/draw.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/seen_set.hpp"
#include "plugins/records/statistics.hpp"

namespace {

namespace records = millrace::records;
using records::SeenSet;

SeenSet::Hash hash_of(std::string_view url) {
  const records::Sha1Digest digest = records::sha1(url);
  SeenSet::Hash hash;
  std::memcpy(&hash.high, digest.data(), sizeof hash.high);
  std::memcpy(&hash.low, digest.data() + sizeof hash.high, sizeof hash.low);
  return hash;
}

class ListOutput final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "output.list";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kDoc =
      "Writes the records that reach it to a list file, in order, a line each. The file appears "
      "when the whole job has "
      "succeeded. The result `targetFileStatistics` counts records, class values, boxes and face "
      "clusters. Pictures that "
      "operators before it make are stored below `prefix`.";
  static constexpr auto kParams = R"({
    "prefix": {"type": "uri", "form": "prefix", "access": "write", "mandatory": true,
      "doc": "Address below which new pictures are stored."},
    "file": {"type": "uri", "access": "write", "mandatory": true, "doc": "Address of the list file."},
    "unique": {"type": "boolean", "default": false,
      "doc": "Leave out a record whose url has been written before."},
    "shuffle": {"type": "boolean", "default": false,
      "doc": "Write the records in an order that depends on the seed of the job and on nothing else."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "blocking": true,
    "reads": {"url": "utf8", "label": "utf8", "record": "utf8"},
    "examples": [
      {"params": {"prefix": "qiniu:///z0/out/p", "file": "qiniu:///z0/out/list.jsonlist", "unique": true},
       "rows": {"url": ["a", "b", "a"], "label": ["{\"class\":{\"pulp\":\"normal\"}}", null, null],
                "record": ["{\"url\":\"a\",\"label\":{\"class\":{\"pulp\":\"normal\"}}}", "{\"url\":\"b\"}", "{\"url\":\"a\"}"]}},
      {"params": {"prefix": "qiniu:///z0/out/p", "file": "qiniu:///z0/out/list.jsonlist", "shuffle": true},
       "rows": {"url": ["a", "b"], "label": [null, null], "record": ["{\"url\":\"a\"}", "{\"url\":\"b\"}"]}}]})";

  explicit ListOutput(const millrace::Params& params)
      : file_{params.string("file")},
        is_unique_{params.boolean("unique")},
        shuffles_{params.boolean("shuffle")} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    open(context);
    const auto urls = batch.column<std::string_view>(records::kUrl);
    const auto labels = batch.column<std::string_view>(records::kLabel);
    const auto lines = batch.column<std::string_view>(records::kRecord);
    std::vector<std::int64_t> rows = new_rows(urls, lines);
    try {
      if (!shuffles_) write(lines, rows);
    } catch (...) {
      for (const auto row : rows)
        forget(urls.value(row));  // a retry of this batch must find it new
      throw;
    }
    for (const auto row : rows) {
      if (shuffles_) wait(context, lines.value(row));
      statistics_.add(labels.value(row));
    }
    context.count("written", static_cast<std::int64_t>(rows.size()));
  }

  void finish(millrace::Context& context) override {
    open(context);
    if (shuffles_) {
      text_.clear();
      for (millrace::ExternalSort::Item item; waiting_.next(context, item);) {
        text_.append(item.record).push_back('\n');
        if (text_.size() < kWriteBytes) continue;
        if (context.stopping())
          throw millrace::Failure{MR_CANCELLED, "stopped while writing the list"};
        writer_->write(text_);
        text_.clear();
      }
      writer_->write(text_);
    }
    context.result("targetFileStatistics", statistics_.json());
  }

  std::string snapshot(millrace::Context& context) override {
    if (seen_.size() > kMaxKeptHashes) {
      throw millrace::Failure{MR_UNAVAILABLE,
                              "what a unique list must remember is too much for a state"};
    }
    std::string state = R"({"size":)" + std::to_string(size_) + R"(,"statistics":)" +
                        statistics_.snapshot() + R"(,"seen":")";
    seen_.for_each([&state](SeenSet::Hash hash) {
      append_hex(state, hash.high);
      append_hex(state, hash.low);
    });
    return state + R"(","waiting":")" + waiting_.snapshot(context) + R"("})";
  }

  void restore(millrace::Context& context, std::string_view state) override {
    const auto size = records::raw::find_member(state, "size");
    const auto seen = records::raw::find_member(state, "seen");
    std::uint64_t size_then = 0;
    if (std::from_chars(size.data(), size.data() + size.size(), size_then).ec != std::errc{} ||
        !statistics_.restore(records::raw::find_member(state, "statistics")) || !read_seen(seen)) {
      throw millrace::Failure{MR_DATA_INVALID,
                              "the checkpoint of a list output is not readable: " + file_};
    }
    std::string unquoted;
    waiting_.restore(context,
                     records::raw::unquote(records::raw::find_member(state, "waiting"), unquoted));
    writer_ = context.stage(file_);
    if (writer_->size() < size_then) {
      throw millrace::Failure{MR_DATA_INVALID,
                              "the unfinished list is shorter than at the checkpoint: " + file_};
    }
    writer_->truncate(size_then);
    size_ = size_then;
  }

 private:
  static constexpr std::size_t kWriteBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMaxKeptHashes = 262'144;  // 8 MiB of state

  static void append_hex(std::string& out, std::uint64_t value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) out.push_back(kDigits[(value >> shift) & 15]);
  }

  bool read_seen(std::string_view quoted) {
    constexpr std::size_t kDigits = 32;
    if (quoted.size() < 2 || (quoted.size() - 2) % kDigits != 0) return false;
    seen_.clear();
    const auto half = [](const char* digits, std::uint64_t& value) {
      return std::from_chars(digits, digits + kDigits / 2, value, 16).ec == std::errc{};
    };
    for (std::size_t at = 1; at + kDigits < quoted.size(); at += kDigits) {
      SeenSet::Hash hash;
      if (!half(quoted.data() + at, hash.high) || !half(quoted.data() + at + kDigits / 2, hash.low))
        return false;
      seen_.insert(hash);
    }
    return true;
  }

  // Opens the staged file, empty: what an attempt that left no checkpoint wrote counts for nothing.
  void open(millrace::Context& context) {
    if (writer_) return;
    auto writer = context.stage(file_);
    if (writer.size() > 0) writer.truncate(0);
    writer_ = writer;
  }

  // Returns the rows to write, and remembers their addresses.
  std::vector<std::int64_t> new_rows(const millrace::Column<std::string_view>& urls,
                                     const millrace::Column<std::string_view>& lines) {
    std::vector<std::int64_t> rows;
    rows.reserve(static_cast<std::size_t>(lines.size()));
    for (std::int64_t row = 0; row < lines.size(); ++row) {
      if (!lines[row]) continue;  // no record, nothing to write
      if (!is_unique_ || seen_.insert(hash_of(urls.value(row)))) rows.push_back(row);
    }
    return rows;
  }

  void wait(millrace::Context& context, std::string_view line) {
    const auto key =
        millrace::sort_key(records::draw_u64(context.seed(), "shuffle", waiting_.size()));
    waiting_.add(context, {key.data(), key.size()}, line);
  }

  void forget(std::string_view url) {
    if (is_unique_) seen_.erase(hash_of(url));
  }

  void write(const millrace::Column<std::string_view>& lines,
             const std::vector<std::int64_t>& rows) {
    text_.clear();
    for (const auto row : rows) text_.append(lines.value(row)).push_back('\n');
    if (writer_->size() != size_)
      writer_->truncate(size_);  // an earlier try of this batch broke off
    writer_->write(text_);
    size_ += text_.size();
  }

  std::string file_;
  bool is_unique_, shuffles_;
  std::optional<millrace::Writer> writer_;
  std::uint64_t size_ = 0;  // of the file, after the last batch
  std::string text_;        // what is written next
  records::Statistics statistics_;
  SeenSet seen_;
  millrace::ExternalSort waiting_{"shuffle"};
};

}  // namespace

MR_PLUGIN("output_list", "1.0.0", ListOutput)
