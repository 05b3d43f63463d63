#include <fstream>
#include <system_error>

#include <millrace/client/error.hpp>
#include <millrace/client/git_provider.hpp>
#include <millrace/client/models.hpp>

#include "client/src/download.hpp"
#include "client/src/http_session.hpp"
#include "client/src/upload.hpp"

namespace millrace::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDictionaryBytes = std::size_t{64} << 20;

struct GitState {
  std::string branch, commit;  // empty: unknown
};

// Reads the repository that is configured, else the one around the current folder.
GitState read_git(const Config& config) {
  const auto folder = config.settings().text("git_local_repo");
  try {
    const auto git = folder.empty() ? GitProvider{} : GitProvider{fs::path{folder}};
    return {git.active_branch(), git.latest_commit()};
  } catch (const GitError& error) {
    config.log().write(folder.empty() ? LogLevel::Info : LogLevel::Warning,
                       std::string{"The model is uploaded without git data: "} + error.what());
    return {};
  }
}

// Writes names with commas between them; a comma in a name has a backslash before it.
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    if (&word != &words.front()) text += ',';
    for (const char letter : word) {
      if (letter == ',') text += '\\';
      text += letter;
    }
  }
  return text;
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::optional<std::string> Dictionary::text() const {
  if (const auto* values = std::get_if<Json>(&source_)) {
    if (values->is_null()) return std::nullopt;
    return values->dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  const auto& file = std::get<fs::path>(source_);
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  std::ifstream stream{file, std::ios::binary};
  if (failed || !stream) throw FileError{"the JSON file cannot be read: " + file.string()};
  if (size > kMaxDictionaryBytes)
    throw FileError{"the JSON file is larger than 64 MiB: " + file.string()};
  std::string text(size, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (!Json::accept(text)) throw FileError{"the file holds no JSON: " + file.string()};
  return text;
}

Json Models::upload(const std::optional<std::string>& name, const fs::path& filename,
                    const Dictionary& hyperparameters, const Dictionary& parameters,
                    const Dictionary& metrics, const UploadOptions& options) {
  detail::MultipartBody body;
  const auto add = [&](const char* field, const std::optional<std::string>& value) {
    if (value) body.fields.emplace_back(field, *value);
  };
  const auto add_unless_empty = [&](const char* field, const std::string& value) {
    if (!value.empty()) body.fields.emplace_back(field, value);
  };
  const auto add_dictionary = [&](const char* field, const Dictionary& dictionary) {
    try {
      add(field, dictionary.text());
    } catch (const FileError& error) {
      config()->log().write(LogLevel::Error, error.what());
      throw;
    }
  };
  add("name", name);
  add_dictionary("hyperparameters", hyperparameters);
  add_dictionary("parameters", parameters);
  add_dictionary("metrics", metrics);
  add_unless_empty("dataset_name", options.dataset_name);
  add_unless_empty("dataset_description", options.dataset_description);
  add_unless_empty("dataset_uri", options.dataset_uri);
  add_unless_empty("dataset_sha256", options.dataset_sha256);
  add_unless_empty("pipeline", options.pipeline);
  if (options.job_id != 0) body.fields.emplace_back("job_id", std::to_string(options.job_id));
  add_unless_empty("tags", joined(options.tags));
  add("private", options.is_private ? "true" : "false");
  add("user_id", "1");  // the server takes the owner from the token
  add("project_id", setting("selected_project"));
  const auto git = read_git(*config());
  add_unless_empty("git_active_branch", git.branch);
  add_unless_empty("git_commit_hash", git.commit);
  add_unless_empty("file_sha256", options.file_sha256);
  std::error_code failed;
  if (fs::is_regular_file(filename, failed)) {
    const auto size = fs::file_size(filename, failed);
    if (!failed && size >= config()->session().options().resumable_from_bytes) {
      auto made = upload_in_pieces(filename, body.fields, options.progress);
      if (made) return *std::move(made);
    }
    body.file = filename.string();
  } else {
    config()->log().write(LogLevel::Error, "Model `" + filename.string() + "` could not be found.");
  }
  detail::HttpRequest request;
  request.method = "POST";
  request.body = std::move(body);
  request.progress = options.progress;
  return send(std::move(request), "");
}

// Returns nothing when the server cannot take a file so.
std::optional<Json> Models::upload_in_pieces(const fs::path& filename, const FormFields& fields,
                                             const Progress& progress) {
  const auto api = detail::checked_base_url(config()->settings().text("api_url"));
  const detail::Upload upload{.address = api + "/uploads/",
                              .headers =
                                  [this] {
                                    const auto all = config()->headers();
                                    return detail::Pairs{all.begin(), all.end()};
                                  },
                              .file = detail::LocalFile::look(filename),
                              .progress = progress};
  detail::UploadRecord record{config()->session().options().state_folder, api,
                              config()->settings().text("auth_user_login"), upload.file};
  for (bool is_second = false;; is_second = true) {
    auto done = detail::run_upload(config()->session(), config()->log(), upload, record);
    if (done.is_unknown) return std::nullopt;
    if (done.id.empty()) {
      config()->log().write(LogLevel::Error,
                            "The file " + filename.string() + ": " + done.reply.problem);
      set_last_reply(std::move(done.reply));
      return Json::array();
    }
    detail::HttpRequest request;
    request.method = "POST";
    detail::MultipartBody body{.fields = fields, .file = {}};
    body.fields.emplace_back("upload", done.id);
    request.body = std::move(body);
    auto made = send(std::move(request), "");
    if (last_reply().ok()) {
      record.forget();
      return made;
    }
    // Between the last piece and now it was used, or removed: the file has to go up again.
    const auto& reply = last_reply().body;
    const bool is_gone = last_reply().status == 400 && reply.is_object() &&
                         reply.value("message", Json{}).contains("upload");
    if (!is_gone) return made;
    record.forget();
    if (is_second) return made;
  }
}

fs::path Models::download(std::int64_t id, const DownloadOptions& options) {
  const auto found = get(id);
  if (found.empty() || !found[0].is_object()) return {};
  const auto& model = found[0];
  const auto links = model.find("_links");
  auto url =
      links != model.end() && links->is_object() ? text_at(*links, "download") : std::string{};
  detail::Downloaded done;
  if (url.empty()) {
    done.reply = {last_reply().status, nullptr, "the model has no address of its file"};
  } else {
    detail::Pairs headers;
    // The token is for the server of the registry alone.
    if (detail::is_same_origin(url, config()->settings().text("api_url"))) {
      for (const auto& [name, value] : config()->headers()) headers.emplace_back(name, value);
    }
    done = detail::run_download(config()->session(),
                                {.url = std::move(url),
                                 .headers = std::move(headers),
                                 .folder = options.path.empty() ? fs::path{"."} : options.path,
                                 .name = text_at(model, "name"),
                                 .stem = "model-" + std::to_string(id),
                                 .keeps_existing = options.keeps_existing,
                                 .progress = options.progress});
  }
  if (done.path.empty()) {
    config()->log().write(LogLevel::Error,
                          "The file of model " + std::to_string(id) + ": " + done.reply.problem);
    set_last_reply(std::move(done.reply));
  }
  return done.path.lexically_normal();
}

}  // namespace millrace::client
