#include "plugins/learn/model_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "plugins/learn/utf8.hpp"

namespace millrace::learn {

namespace {

constexpr std::size_t kMostPathBytes = 1024;
constexpr std::array<std::string_view, 3> kPickleEndings{".pkl", ".pickle", ".joblib"};
constexpr std::string_view kNoPickles =
    "a pickle can run code when it is loaded, and is never opened: train a model with train.forest "
    "or train.term_weight, or write the terms as CSV: ";

[[noreturn]] void refuse_path(std::string_view why, std::string_view path) {
  std::string shown;
  for (const char c : path.substr(0, 200))
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  throw Failure{MR_INVALID_ARGUMENT, "path is not allowed, since " + std::string{why} +
                                         "; give one plain relative path, such as jobs/24: \"" +
                                         shown + '"'};
}

bool is_well_formed(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = next_code_point(text, at);
    if (point >= 0xD800 && point < 0xE000) return false;
  }
  return true;
}

void check_path(std::string_view path) {
  if (path.empty()) refuse_path("it is empty", path);
  if (path.size() > kMostPathBytes) refuse_path("it has more than 1024 bytes", path);
  if (!is_well_formed(path)) refuse_path("it is not UTF-8", "...");
  const bool has_odd = std::any_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\';
  });
  if (has_odd) refuse_path("it has a control character or a backslash", path);
  if (path.front() == '/') refuse_path("it is absolute", path);
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty()) refuse_path("a part of it is empty", path);
    if (part == "." || part == "..") refuse_path("a part of it is " + std::string{part}, path);
    begin = end + 1;
  }
}

bool is_of_file(std::string_view address) { return address.starts_with("file:"); }

// The path of a file: address; bytes that are no escape stand for themselves.
std::string path_of(std::string_view address) {
  address.remove_prefix(address.starts_with("file://") ? 7 : 5);
  std::string path;
  for (std::size_t i = 0; i < address.size(); ++i) {
    unsigned byte = 0;
    const auto digits = address.substr(i + 1, 2);
    const auto end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, byte, 16);
    const bool is_escape =
        address[i] == '%' && digits.size() == 2 && read.ec == std::errc{} && read.ptr == end;
    path += is_escape ? static_cast<char>(byte) : address[i];
    if (is_escape) i += 2;
  }
  return path;
}

// Of a folder in the store links are refused by the store itself. One that is put there after this
// leads nowhere that the job's rights do not open.
void refuse_links(std::string_view folder, std::string_view path, std::string_view file_name) {
  auto at = std::filesystem::path{path_of(folder)};
  for (const auto& part : std::filesystem::path{path} / file_name) {
    at /= part;
    std::error_code unknown;
    if (std::filesystem::symlink_status(at, unknown).type() == std::filesystem::file_type::symlink)
      refuse_path("there is a symbolic link on the way", path);
  }
}

// A path as it stands in a file: address.
std::string escaped(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : path) {
    if (c != '%' && c != '?' && c != '#') {
      text += c;
      continue;
    }
    text += '%';
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

bool is_pickle_name(std::string_view address) {
  std::string lower{address.substr(0, address.find_first_of("?#"))};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::any_of(kPickleEndings.begin(), kPickleEndings.end(),
                     [&](std::string_view ending) { return lower.ends_with(ending); });
}

// Protocol 2 and later (PEP 307, PEP 3154); earlier ones are text that no reader of ours takes.
bool is_pickle(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

bool is_given(const Params& params, std::string_view name) { return !params.string(name).empty(); }

}  // namespace

std::string model_params(std::string_view file_name) {
  return R"(
    "model": {"type": "uri",
      "doc": "Address of the model's file: model:project/name or model:id of one in the registry, or where training has put it."},
    "folder": {"type": "uri", "form": "prefix",
      "doc": "In place of `model`: folder of the models that `path` names."},
    "path": {"type": "string",
      "doc": "Where the model is below `folder`, one plain relative path; its file is )" +
         std::string{file_name} + R"( there."})";
}

void plan_model(Context& context, const Params& params) {
  const bool has_model = is_given(params, "model"), has_folder = is_given(params, "folder");
  if (has_model == has_folder)
    context.fault("parameter_value", has_model ? "/folder" : "/model",
                  "give either `model`, or `folder` and `path`");
  if (has_folder == params["path"].is_null())
    context.fault("parameter_value", "/path", "`folder` and `path` are given together");
  if (has_model && is_pickle_name(params.string("model")))
    context.fault("parameter_value", "/model", std::string{kNoPickles} + params.string("model"));
}

std::string model_address(const Params& params, std::string_view file_name) {
  const auto model = params.string("model");
  return model.empty() ? address_below(params.string("folder"), params.string("path"), file_name)
                       : model;
}

std::string address_below(std::string_view folder, std::string_view path,
                          std::string_view file_name) {
  check_path(path);
  while (folder.ends_with('/')) folder.remove_suffix(1);
  std::string address{folder};
  address += '/';
  if (is_of_file(folder)) {
    refuse_links(folder, path, file_name);
    address += escaped(path);
  } else {
    address += path;
  }
  return address.append("/").append(file_name);
}

std::string model_title(const Params& params, std::string_view file_name) {
  const auto model = params.string("model");
  return model.empty() ? params.string("path") + "/" + std::string{file_name} : model;
}

std::string read_model_file(Context& context, std::string_view address, std::uint64_t max_bytes,
                            std::string_view title) {
  if (is_pickle_name(address))
    throw Failure{MR_DATA_INVALID, std::string{kNoPickles} + std::string{address}};
  std::string bytes;
  try {
    bytes = context.read_all(address, max_bytes);
  } catch (const Failure& failure) {
    // Of a model of the registry it is told what is not there: the project, the model, its file.
    if (failure.code() != MR_NOT_FOUND || address.starts_with("model:")) throw;
    throw Failure{MR_NOT_FOUND, std::string{title} + " not found. Please train your model first."};
  }
  if (is_pickle(bytes))
    throw Failure{MR_DATA_INVALID, std::string{kNoPickles} + std::string{address}};
  return bytes;
}

}  // namespace millrace::learn
