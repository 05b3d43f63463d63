#include "api/route/pipeline_library.hpp"

#include <fstream>
#include <sstream>

#include "api/route/json_text.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace fs = std::filesystem;

Result<PipelineLibrary> PipelineLibrary::open(const fs::path& folder) {
  PipelineLibrary library;
  library.folder_ = folder;
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return Error{Code::NotFound,
                 fmt::format("read pipelines: no such folder: {} (it belongs beside the program)",
                             folder.string())};
  for (fs::recursive_directory_iterator place{folder, error}, end; !error && place != end;
       place.increment(error)) {
    if (!place->is_regular_file() || place->path().extension() != ".json") continue;
    const auto file = place->path();
    std::ifstream stream{file};
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream)
      return Error{Code::Io, fmt::format("read pipeline: cannot be read: {}", file.string())};
    auto document = read_own(text.str());
    if (!document.ok())
      return document.error().within(fmt::format("read pipeline {}", file.string()));
    if (!document->is_object())
      return Error{Code::DataInvalid,
                   fmt::format("read pipeline: not a JSON object: {}", file.string())};
    auto name = file.lexically_relative(folder).replace_extension().generic_string();
    library.entries_.emplace(std::move(name), Entry{file, *std::move(document)});
  }
  if (error)
    return Error{Code::Io, fmt::format("read pipelines: {}: {}", error.message(), folder.string())};
  return library;
}

const PipelineLibrary::Entry* PipelineLibrary::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<const PipelineLibrary::Entry*> PipelineLibrary::get(std::string_view name) const {
  if (const auto* entry = find(name)) return entry;
  return Error{Code::NotFound, fmt::format("read pipeline: no such file: {}",
                                           (folder_ / fs::path{name}).string() + ".json")};
}

}  // namespace millrace::api
