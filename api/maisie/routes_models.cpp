#include <algorithm>
#include <cctype>

#include "api/maisie/model_file.hpp"
#include "api/maisie/model_filter.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "api/maisie/upload_sink.hpp"
#include "api/route/refusals.hpp"
#include "engine/catalog/catalog.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Caller;
using http::Method;
using http::Request;
using Kind = FieldRule::Kind;

constexpr std::string_view kMissingFile = "Missing required parameter in an uploaded file";

std::vector<FieldRule> fields() {
  return {
      {.name = "project_id", .column = "project_id", .kind = Kind::Integer, .is_required = true},
      {.name = "name", .column = "name", .longest = 40},
      {.name = "dataset_name", .column = "dataset_name", .longest = 120},
      {.name = "dataset_description", .column = "dataset_description"},
      {.name = "hyperparameters", .column = "hyperparameters", .kind = Kind::Dictionary},
      {.name = "parameters", .column = "parameters", .kind = Kind::Dictionary},
      {.name = "metrics", .column = "metrics", .kind = Kind::Dictionary},
      {.name = "tags", .column = "tags", .kind = Kind::Names, .longest = 40},
      {.name = "private", .column = "private", .kind = Kind::Flag},
      {.name = "job_id", .column = "job_id", .kind = Kind::Integer},
      {.name = "pipeline", .column = "pipeline_name", .longest = 255},
      {.name = "pipeline_sha256", .column = "pipeline_sha256", .longest = 64},
      {.name = "dataset_uri", .column = "dataset_uri", .longest = 2'048},
      {.name = "dataset_sha256", .column = "dataset_sha256", .longest = 64},
      {.name = "git_active_branch", .column = "git_branch"},
      {.name = "git_commit_hash", .column = "git_commit"}};
}

// The uploaded part `file`, or null.
http::FormFile* file_of(const Request& request) {
  auto* form = dynamic_cast<http::FormUpload*>(request.upload.get());
  if (form == nullptr) return nullptr;
  for (auto& file : form->files()) {
    if (file.name == "file") return &file;
  }
  return nullptr;
}

// What the fields say of the file.
struct FileFields {
  std::string upload;  // id of a finished upload, which comes in place of the part `file`
  std::string sha256;  // that the file must have; empty: any
};

FileFields read_file_fields(const Fields& given, bool has_part, std::vector<Fault>& faults) {
  const auto text = [&](std::string_view name) {
    const auto value = given.find(name);
    return value ? text_of(*value).value_or("") : std::string{};
  };
  FileFields read{text("upload"), text("file_sha256")};
  std::transform(read.sha256.begin(), read.sha256.end(), read.sha256.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (!read.sha256.empty() && !is_blob_name(read.sha256))
    faults.push_back({"field", "file_sha256", "A SHA-256 has 64 hexadecimal digits"});
  if (has_part && !read.upload.empty())
    faults.push_back({"field", "upload", "The file comes as the part file already"});
  if (!has_part && read.upload.empty())
    faults.push_back({"field", "file", std::string{kMissingFile}});
  return read;
}

// All faults of the fields and the missing file are told together.
std::variant<Json, api::Refusal> read_upload(const Request& request, FileFields& file) {
  auto read = Fields::read(request);
  if (auto* refused = std::get_if<api::Refusal>(&read)) return std::move(*refused);
  const auto& given = std::get<Fields>(read);
  std::vector<Fault> more;
  if (const auto user = given.find("user_id"); user && !user->is_null()) {
    const auto number = integer_of(*user);
    if (const auto* problem = std::get_if<std::string>(&number))
      more.push_back({"field", "user_id", *problem});
  }
  file = read_file_fields(given, file_of(request) != nullptr, more);
  static const auto kFields = fields();
  auto columns = read_columns(given, kFields, true);
  if (more.empty()) return columns;
  auto* refused = std::get_if<api::Refusal>(&columns);
  auto all = refused != nullptr ? std::move(*refused) : FieldFaults{}.refusal();
  all.faults.insert(all.faults.end(), more.begin(), more.end());
  return all;
}

api::Refusal refuse_field(std::string_view field, std::string message) {
  return {.error = {Code::InvalidArgument, std::move(message), {}, std::string{field}}};
}

Result<std::shared_ptr<ModelContent>> take_content(Registry& registry, const Request& request,
                                                   const Caller& caller, std::string_view upload) {
  if (auto* part = file_of(request)) {
    auto* file = dynamic_cast<ModelFile*>(part->writer.get());  // what body_sink() opened
    return std::shared_ptr<ModelContent>{request.upload, file};
  }
  return UploadedFile::take(registry.blobs.uploads(), upload, upload_owner(caller));
}

api::TranslateResult translate_upload(const SharedRegistry& registry, const Request& request,
                                      const Caller& caller) {
  FileFields file;
  auto columns = read_upload(request, file);
  if (auto* refused = std::get_if<api::Refusal>(&columns)) return std::move(*refused);
  auto taken = take_content(*registry, request, caller, file.upload);
  if (!taken.ok() && taken.error().code == Code::NotFound)
    return refuse_field("upload", "No such upload; it may have been used, or have expired");
  if (!taken.ok()) return api::Refusal{.error = std::move(taken).error()};
  const auto content = *std::move(taken);
  if (!file.sha256.empty() && file.sha256 != content->name().sha256) {
    content->drop();
    return refuse_field("file_sha256",
                        "The file that came has another SHA-256: " + content->name().sha256);
  }
  if (const auto published = content->publish(); !published.ok())
    return api::Refusal{.error = published.error()};
  auto& set = std::get<Json>(columns);
  set["user_id"] = user_of(caller);
  set["file_name"] = stored_name(content->client_name());
  set["file_sha256"] = content->name().sha256;
  set["file_bytes"] = content->name().size_bytes;
  return api::Bound{.parameters = {{"set", std::move(set)}}, .held = content};
}

api::TranslateResult translate_link(const Request& request, const Caller&) {
  return api::Bound{.parameters = {{"id", path_id(request)}, {"tag", path_id(request, "tag")}}};
}

api::Route upload_route(const SharedRegistry& registry, api::Route create) {
  create.summary = "Upload a model";
  create.body_sink = [registry](const Request& head,
                                const Caller&) -> std::unique_ptr<http::BodySink> {
    return http::FormUpload::accept(
        head, [registry](const http::PartHead& part) { return ModelFile::open(registry, part); });
  };
  create.translate = [registry](const Request& request, const Caller& caller) {
    return translate_upload(registry, request, caller);
  };
  create.reply = [inner = std::move(create.reply)](const Answered& answered) {
    static_cast<ModelContent*>(answered.held)->keep();
    return inner(answered);
  };
  return create;
}

// The stored bytes of a model, under the name that they were given.
api::ReplyResult reply_download(const SharedRegistry& registry, const Answered& answered) {
  const auto* rows = rows_of(*answered.outcome, "row");
  if (rows == nullptr) return not_found();
  const auto sha256 = rows->column<std::string_view>("file_sha256").value(0);
  if (sha256.empty()) return not_found();
  const auto name = rows->column<std::string_view>("file_name").value(0);
  // Where a private model is hidden, nobody gets a file without a sign-in.
  const bool is_private = registry->settings.hides_private();
  http::Response head;
  head.headers = {
      {"Content-Type", std::string{media_type(name)}},
      {"Content-Disposition", fmt::format("attachment; filename={}", name)},
      {"ETag", fmt::format("\"{}\"", sha256)},
      {"Cache-Control", is_private ? "private, max-age=43200" : "public, max-age=43200"},
      {"X-Content-Type-Options", "nosniff"}};
  return api::StoredBody{.uri = blob_uri(sha256), .head = std::move(head)};
}

api::Route download_route(const SharedRegistry& registry) {
  api::Route route{
      .method = Method::Get,
      .path = "/storage/download/{id:int}/",
      .name = "download_model",
      .summary = "Download the file of a model",
      .auth = registry->settings.hides_private() ? api::Auth::Required : api::Auth::Optional};
  route.translate = [](const Request& request, const Caller&) -> api::TranslateResult {
    return api::Bound{.parameters = {{"id", path_id(request)}}};
  };
  route.reply = [registry](const Answered& answered) { return reply_download(registry, answered); };
  return route;
}

// Lets a change through for the user of a model only, where that is asked for.
void keep_for_owner(const SharedRegistry& registry, api::Route& route) {
  if (!registry->settings.owners_only) return;
  route.auth = api::Auth::Required;
  route.translate = [registry, inner = std::move(route.translate)](
                        const Request& request, const Caller& caller) -> api::TranslateResult {
    const auto found =
        registry->catalog.query({{"entity", "models"},
                                 {"columns", Json::array({"user_id"})},
                                 {"where", Json::array({condition("id", "=", path_id(request))})}},
                                caller.owner);
    if (!found.ok()) return api::Refusal{.error = found.error()};
    if (found->rows() == 0) return not_found();
    if (found->column<std::int64_t>("user_id").value(0) != user_of(caller))
      return api::refusal(Code::PermissionDenied, "",
                          "only the user who uploaded a model may change or delete it");
    return inner(request, caller);
  };
}

api::Route link_route(const SharedRegistry& registry, const Resource& models, Method method,
                      std::string_view name, std::string_view summary) {
  api::Route route{
      .method = method,
      .path = "/api/v1/models/{id:int}/tags/{tag:int}/",
      .name = name,
      .summary = summary,
      .auth = registry->settings.require_auth ? api::Auth::Required : api::Auth::Optional};
  route.translate = translate_link;
  route.reply = [registry, models](const Answered& answered) {
    return reply_row(registry, models, answered, "row");
  };
  keep_for_owner(registry, route);
  return route;
}

}  // namespace

std::vector<api::Route> model_routes(const SharedRegistry& registry) {
  Resource models;
  models.one = "model";
  models.many = "models";
  models.fields = fields();
  models.show = [](const Views& views, const Batch& rows, std::int64_t row, bool is_in_list) {
    return views.model(rows, row, is_in_list);
  };
  models.filter = filter_models;
  auto routes = make_routes(registry, models);
  keep_for_owner(registry, routes.update);
  keep_for_owner(registry, routes.remove);
  return {routes.list,
          upload_route(registry, std::move(routes.create)),
          routes.get,
          routes.update,
          routes.remove,
          link_route(registry, models, Method::Post, "attach_tag", "Attach a tag to a model"),
          link_route(registry, models, Method::Delete, "detach_tag", "Take a tag from a model"),
          download_route(registry)};
}

}  // namespace millrace::maisie
