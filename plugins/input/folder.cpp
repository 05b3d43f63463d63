// Makes a list of the pictures below a folder, in the order of their addresses.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/input/record_rows.hpp"
#include "plugins/records/columns.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/record.hpp"
#include "plugins/records/record_edit.hpp"

namespace {

namespace records = millrace::records;

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Decodes %XX; keeps the text as it is when that is not well-formed.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto digits = text.substr(i + 1, 2);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || read.ptr != digits.data() + 2 || read.ec != std::errc{})
      return std::string{text};
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

// Many addresses that begin alike, kept in one piece of memory.
class Addresses {
 public:
  void add(std::string_view rest) {
    text_.append(rest);
    ends_.push_back(text_.size());
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view{text_}.substr(begin, ends_[i] - begin);
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

class FolderInput final : public millrace::Source, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "input.folder";
  static constexpr auto kRole = millrace::Role::Input;
  static constexpr auto kDoc =
      "Emits a record of type image for every file below a folder, subfolders included, that has "
      "one of the extensions, in the order of their addresses. With `label_from` folder, the name "
      "of the first subfolder on the way to a file becomes its classification. What no record can "
      "be made of is passed over, counted as `passedOver`, named in the record log, and said once "
      "in the "
      "log: links, files whose name no address holds, class folders whose name is not UTF-8. A "
      "folder without any such file gives no record, and the log says so.";
  static constexpr auto kParams = R"({
    "folder": {"type": "uri", "form": "prefix", "mandatory": true, "doc": "Address of the folder."},
    "extensions": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1},
      "default": ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"],
      "doc": "Extensions of the files to take, without regard to capitals; \"*\" takes every file."},
    "label_from": {"type": "string", "enum": ["none", "folder"], "default": "none",
      "doc": "Where the class label comes from."},
    "class_name": {"type": "string", "default": "class", "minLength": 1,
      "doc": "Name of the classification that label_from makes."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "blocking": true, "emits": )" MR_RECORD_COLUMNS R"(,
    "examples": [{"params": {"folder": "qiniu:///z0/in/pictures", "label_from": "folder"},
      "objects": {"qiniu:///z0/in/pictures/cat/a.jpg": "", "qiniu:///z0/in/pictures/dog/b.PNG": "",
                  "qiniu:///z0/in/pictures/readme.txt": ""}}]})";

  explicit FolderInput(const millrace::Params& params)
      : folder_{params.string("folder")},
        labels_by_folder_{params.string("label_from", "none") == "folder"},
        class_name_{params.string("class_name", "class")} {
    for (const auto& extension : params.strings("extensions")) {
      extensions_.push_back(
          lower(extension.starts_with('.') ? std::string_view{extension}.substr(1) : extension));
    }
  }

  bool produce(millrace::Context& context) override {
    if (!files_) list(context);
    records::RecordRows rows{folder_, context.node()};
    std::size_t next = next_;
    std::int64_t line = line_;
    for (; next < files_->size() && rows.size() < records::kBlockLines; ++next) {
      append((*files_)[next], ++line, rows);
      if (line % records::kBlockLines == 0) {
        ++next;
        break;
      }
    }
    if (rows.size() == 0) return false;
    last_ = (*files_)[next - 1];
    next_ = next;
    line_ = line;
    context.progress(next_, files_->size(), "files");
    context.count("read", rows.size());
    context.emit(std::move(rows).batch());
    return next_ < files_->size();
  }

  std::string snapshot(millrace::Context&) override {
    std::string state = R"({"line":)" + std::to_string(line_) + R"(,"last":)";
    records::raw::append_quoted(state, last_);
    return state + "}";
  }

  void restore(millrace::Context&, std::string_view state) override {
    const auto line = records::raw::find_member(state, "line"),
               last = records::raw::find_member(state, "last");
    std::string scratch;
    last_ = records::raw::unquote(last, scratch);
    if (std::from_chars(line.data(), line.data() + line.size(), line_).ec != std::errc{}) {
      throw millrace::Failure{MR_DATA_INVALID, "the checkpoint of a folder input lacks its line"};
    }
  }

 private:
  void list(millrace::Context& context) {
    Addresses found;
    PassedOver passed_over;
    try {
      context.list_below(folder_, [&](const millrace::Listed& entry) {
        base_ = entry.folder;
        if (entry.is_passed_over()) {
          passed_over.add(entry.name, entry.why);
        } else if (!is_wanted(entry.name)) {
          ++passed_over.others;
        } else if (labels_by_folder_ && !records::is_utf8(class_folder(entry.name))) {
          passed_over.add(entry.name, "the name of its class folder is not UTF-8");
        } else {
          found.add(entry.uri.substr(base_.size()));
        }
      });
    } catch (const millrace::Failure& failure) {
      throw records::told(failure, "list folder", folder_);
    }
    // A resumed job has told of it, and goes on behind the last file it took, whatever came or went
    // before it.
    if (line_ == 0) tell(context, passed_over, found.size());
    next_ = 0;
    while (line_ > 0 && next_ < found.size() && found[next_] <= last_) ++next_;
    files_ = std::move(found);
  }

  struct PassedOver {
    struct One {
      std::string name, why;
    };
    std::vector<One> all;
    std::size_t others = 0;  // files with other extensions

    void add(std::string_view name, std::string_view why) {
      all.push_back({std::string{name}, std::string{why}});
    }
  };

  void tell(millrace::Context& context, const PassedOver& passed_over, std::size_t found) const {
    for (const auto& [name, why] : passed_over.all) {
      context.record_event({.level = millrace::Level::Warn,
                            .code = "passed_over",
                            .message = name + ": " + why,
                            .file = folder_});
    }
    if (!passed_over.all.empty()) context.count("passedOver", passed_over.all.size());
    if (found > 0) {
      if (!passed_over.all.empty()) context.log(millrace::Level::Warn, in_short(passed_over));
      return;
    }
    std::string what = "no file below the folder has one of the extensions";
    for (const auto& extension : extensions_) what += ' ' + extension;
    what += "; it has " + std::to_string(passed_over.others) + " other files, and " +
            std::to_string(passed_over.all.size()) + " were passed over";
    context.log(millrace::Level::Warn, what + ": " + folder_);
  }

  // One line, for those who keep no record log.
  [[nodiscard]] std::string in_short(const PassedOver& passed_over) const {
    const auto& [name, why] = passed_over.all.front();
    const auto count = passed_over.all.size();
    return std::to_string(count) + (count == 1 ? " entry" : " entries") +
           " of the folder passed over, first " + name + " (" + why + "): " + folder_;
  }

  // Returns the first part of a path below the folder; empty where the file lies in the folder
  // itself.
  static std::string_view class_folder(std::string_view name) {
    const auto slash = name.find('/');
    return slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash);
  }

  [[nodiscard]] bool is_wanted(std::string_view path) const {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const auto dot = name.rfind('.');
    const std::string extension =
        dot == std::string_view::npos ? std::string{} : lower(name.substr(dot + 1));
    return std::any_of(extensions_.begin(), extensions_.end(),
                       [&](const std::string& one) { return one == "*" || one == extension; });
  }

  void append(std::string_view rest, std::int64_t line, records::RecordRows& rows) {
    const std::string url = base_ + std::string{rest};
    std::string text = records::bare_record(url);
    const std::string_view name = class_folder(rest.substr(1));
    if (labels_by_folder_ && !name.empty()) {
      std::string label = R"({"class":{)";
      records::raw::append_quoted(label, class_name_);
      label += ':';
      records::raw::append_quoted(
          label, base_.starts_with("file:") ? percent_decoded(name) : std::string{name});
      text = records::edit_record(text, {.label = label + "}}"});
    }
    records::Record record;
    if (const auto fault = reader_.read(text, record)) {
      throw millrace::Failure{
          MR_DATA_INVALID, "file has an address that no record can hold: " + *fault + ": " + url};
    }
    rows.append(record, line);
  }

  std::string folder_;  // as asked for
  std::string base_;    // as the store spells it
  bool labels_by_folder_;
  std::string class_name_;
  std::vector<std::string> extensions_;  // in small letters, without dots
  records::RecordReader reader_;
  std::optional<Addresses> files_;  // what follows base_ in each address
  std::size_t next_ = 0;            // place in files_
  std::int64_t line_ = 0;           // number of files emitted
  std::string last_;                // the last of them
};

}  // namespace

MR_PLUGIN("input_folder", "1.0.0", FolderInput)
