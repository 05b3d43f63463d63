#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <millrace/client/base_action.hpp>
#include <millrace/client/connection.hpp>

namespace millrace::client {

/// A dictionary of a model: a JSON object, or the name of a file with one. Null: none is sent.
class Dictionary {
 public:
  Dictionary(Json values) : source_{std::move(values)} {}
  Dictionary(std::nullptr_t) : source_{Json{}} {}
  Dictionary(const char* filename) : source_{std::filesystem::path{filename}} {}
  Dictionary(const std::string& filename) : source_{std::filesystem::path{filename}} {}
  Dictionary(std::filesystem::path filename) : source_{std::move(filename)} {}

  /// Returns the values as JSON text, nothing for null. Throws FileError for a file that is not
  /// there, is larger than 64 MiB or holds no JSON.
  [[nodiscard]] std::optional<std::string> text() const;

 private:
  std::variant<Json, std::filesystem::path> source_;
};

struct UploadOptions {
  bool is_private = false;
  std::string dataset_name{};  // empty: none
  std::string dataset_description{};
  std::string dataset_uri{};  // of its bytes; with dataset_sha256 and what follows: lineage
  std::string dataset_sha256{};
  std::string pipeline{};           // name of what made the model
  std::int64_t job_id = 0;          // of the server's job that made it; 0: none
  std::vector<std::string> tags{};  // made where they do not exist
  std::string file_sha256{};        // that the file must have on arrival; empty: any
  Progress progress{};
};

struct DownloadOptions {
  std::filesystem::path path{};  // folder, made when it is missing; empty: the current one
  bool keeps_existing = false;   // a file of that name is not replaced
  Progress progress{};
};

/// The models of the registry.
class Models : public BaseAction {
 public:
  explicit Models(const ConfigSource& source = {}) : BaseAction{source, "models"} {}

  /// Uploads a model to the selected project, with the branch and commit of `git_local_repo` or,
  /// when that is unset, of the repository around the current folder, if any. The file is read
  /// from the disk as it is sent. A large one (ConnectionOptions::resumable_from_bytes) goes on
  /// after a connection broke, and, when the same file is uploaded again, after the program was
  /// ended. Returns the new model. Throws FileError as Dictionary::text(), and when such a file
  /// changes while it is sent.
  Json upload(const std::optional<std::string>& name, const std::filesystem::path& filename,
              const Dictionary& hyperparameters = nullptr, const Dictionary& parameters = nullptr,
              const Dictionary& metrics = nullptr, const UploadOptions& options = {});

  /// Writes the file of a model to `<path>/<name of the model>` and returns that path, empty when
  /// the server refuses. A file of that name is replaced at the end, in one step; until then the
  /// bytes lie beside it in model-<id>.part, from which a later call goes on if the file is the
  /// same. Throws FileError when the folder cannot be written, FileExistsError where
  /// `keeps_existing` asks for it.
  std::filesystem::path download(std::int64_t id, const DownloadOptions& options = {});

  // What millrace serves beyond the document of the API.

  /// Returns a page of the versions of the name that a model has, each with the stages it is in.
  Json versions(std::int64_t id, const ListOptions& options = {});
  /// Returns by which job, pipeline and dataset a model was made, alone in the array.
  Json lineage(std::int64_t id);
  /// Returns {"models", "rows"} of models side by side, alone in the array.
  Json compare(const std::vector<std::int64_t>& ids);
  /// Puts a model in force in a stage of its project and name; returns the event.
  Json promote(std::int64_t id, const std::string& stage,
               const std::optional<std::string>& comment = std::nullopt);
  /// Returns a page of the events of a model, the newest first.
  Json promotions(std::int64_t id, const ListOptions& options = {});

 private:
  using FormFields = std::vector<std::pair<std::string, std::string>>;
  std::optional<Json> upload_in_pieces(const std::filesystem::path& filename,
                                       const FormFields& fields, const Progress& progress);
};

}  // namespace millrace::client
