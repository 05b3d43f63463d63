// Reads the records of a list file, a JSON object a line, in batches that never cross a block of
// 1024 lines.
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/input/line_reader.hpp"
#include "plugins/input/record_rows.hpp"
#include "plugins/records/columns.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/record.hpp"

namespace {

namespace records = millrace::records;

class ListInput final : public millrace::Source, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "input.list";
  static constexpr auto kRole = millrace::Role::Input;
  static constexpr auto kDoc =
      "Reads a list of records: UTF-8 text with one JSON object a line. Every record needs a "
      "string `url`; the keys `type`, "
      "`source_url`, `ops` and `label` are checked when present, all others are carried along "
      "untouched. A line that is not "
      "such a record is counted as `badLines`, told to the record log with its number, and passed "
      "over. Blank lines count "
      "as nothing; a byte order mark and CRLF are accepted; a line may have `max_line_bytes` and "
      "64 "
      "levels of nesting.";
  static constexpr auto kParams = R"({
    "file": {"type": "uri", "mandatory": true, "doc": "Address of the list."},
    "max_bad_lines": {"type": "integer", "default": 0, "minimum": 0, "unit": "lines",
      "doc": "More bad lines than this fail the job; 0 means no limit."},
    "max_line_bytes": {"type": "integer", "default": 4194304, "minimum": 1, "maximum": 67108864, "unit": "bytes",
      "doc": "A longer line is a bad one, and is passed over without being held."},
    "accept_label_array": {"type": "boolean", "default": true,
      "doc": "Also read labels in their later shape, an array of objects with `name`, `type` and `data`."},
    "bare_urls": {"type": "boolean", "default": false,
      "doc": "Also take lines that are nothing but an address (http, https or qiniu), as records of type image."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "blocking": true, "emits": )" MR_RECORD_COLUMNS R"(,
    "examples": [{"params": {"file": "qiniu:///z0/in/pulp.jsonlist"},
      "objects": {"qiniu:///z0/in/pulp.jsonlist":
        "{\"url\":\"http://host/a.png\",\"label\":{\"class\":{\"pulp\":\"normal\"}}}\nno record\n{\"url\":\"http://host/b.png\"}\n"}}]})";

  explicit ListInput(const millrace::Params& params)
      : file_{params.string("file")},
        max_bad_lines_{params.integer("max_bad_lines")},
        has_bare_urls_{params.boolean("bare_urls")},
        max_line_bytes_{params.integer("max_line_bytes", 4 << 20)},
        records_{{.max_bytes = static_cast<std::size_t>(max_line_bytes_),
                  .accept_label_array = params.boolean("accept_label_array", true)}},
        lines_{static_cast<std::size_t>(max_line_bytes_)} {}

  bool produce(millrace::Context& context) override {
    open(context);
    is_open_ = false;  // until this call has succeeded: a retry begins again behind the last batch
    Block block = read_block(context);
    for (const auto& [line, what] : block.faults) {
      context.record_event({.level = millrace::Level::Error,
                            .code = "bad_line",
                            .message = what,
                            .file = file_,
                            .line = line});
    }
    if (!block.faults.empty())
      context.count("badLines", static_cast<std::int64_t>(block.faults.size()));
    bad_lines_ += static_cast<std::int64_t>(block.faults.size());
    if (max_bad_lines_ > 0 && bad_lines_ > max_bad_lines_) {
      throw millrace::Failure{MR_DATA_INVALID,
                              "more than " + std::to_string(max_bad_lines_) +
                                  " bad lines, the record log names them: " + file_};
    }
    offset_ = lines_.offset();
    number_ = lines_.number();
    is_open_ = true;
    context.progress(offset_, size_, "bytes");
    if (block.rows.size() > 0) {
      context.count("read", block.rows.size());
      context.emit(std::move(block.rows).batch());
    }
    return !block.is_last;
  }

  std::string snapshot(millrace::Context&) override {
    return R"({"offset":)" + std::to_string(offset_) + R"(,"line":)" + std::to_string(number_) +
           R"(,"bad":)" + std::to_string(bad_lines_) + "}";
  }

  void restore(millrace::Context&, std::string_view state) override {
    const auto read = [state](std::string_view key, auto& value) {
      const std::string_view text = records::raw::find_member(state, key);
      if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
        throw millrace::Failure{MR_DATA_INVALID,
                                "the checkpoint of a list input lacks its " + std::string{key}};
      }
    };
    read("offset", offset_);
    read("line", number_);
    read("bad", bad_lines_);
  }

 private:
  static constexpr std::size_t kMaxBatchBytes = std::size_t{8}
                                                << 20;  // of lines; long lines make small batches

  struct BadLine {
    std::int64_t line;
    std::string what;
  };
  struct Block {
    records::RecordRows rows;
    std::vector<BadLine> faults;
    bool is_last = false;
  };

  void open(millrace::Context& context) {
    if (is_open_) {
      reader_->rebind(context.handle());
      return;
    }
    try {
      size_ = context.stat(file_).size_bytes;
      reader_.emplace(context.open(file_));
    } catch (const millrace::Failure& failure) {
      throw records::told(failure, "open list", file_);
    }
    if (offset_ > size_) {
      throw millrace::Failure{MR_DATA_INVALID,
                              "the list is shorter than it was when the job began: " + file_};
    }
    if (offset_ > 0) reader_->seek(offset_);
    lines_.start(offset_, number_);
  }

  // Reads lines up to the end of their block of 1024, or less when they are long.
  Block read_block(millrace::Context& context) {
    Block block{records::RecordRows{file_, context.node()}, {}, false};
    const auto read = [this](std::span<char> buffer) { return reader_->read(buffer); };
    records::LineReader::Line line{};
    std::size_t bytes = 0;
    do {
      if (!lines_.next(read, line)) {
        block.is_last = true;
        break;
      }
      bytes += line.text.size();
      if (auto fault = read_line(line, block.rows))
        block.faults.push_back({line.number, *std::move(fault)});
    } while (line.number % records::kBlockLines != 0 && bytes < kMaxBatchBytes);
    return block;
  }

  std::optional<std::string> read_line(const records::LineReader::Line& line,
                                       records::RecordRows& rows) {
    if (line.is_too_long)
      return "line is longer than " + std::to_string(max_line_bytes_) + " bytes";
    const std::string_view text = records::raw::trim(line.text);
    if (text.empty()) return std::nullopt;
    records::Record record;
    const bool is_bare =
        has_bare_urls_ && (text.starts_with("http://") || text.starts_with("https://") ||
                           text.starts_with("qiniu:///"));
    auto fault = is_bare ? records_.read(records::bare_record(text), record)
                         : records_.read_padded(text, record);
    if (!fault) rows.append(record, line.number);
    return fault;
  }

  std::string file_;
  std::int64_t max_bad_lines_;
  bool has_bare_urls_;
  std::int64_t max_line_bytes_;
  records::RecordReader records_;
  records::LineReader lines_;
  std::optional<millrace::Reader> reader_;
  bool is_open_ = false;
  std::uint64_t size_ = 0;    // of the list, in bytes
  std::uint64_t offset_ = 0;  // behind the last line of the last batch
  std::int64_t number_ = 0;   // of that line
  std::int64_t bad_lines_ = 0;
};

}  // namespace

MR_PLUGIN("input_list", "1.0.0", ListInput)
