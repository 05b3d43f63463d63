#include <algorithm>
#include <cctype>

#include "api/maisie/model_file.hpp"
#include "api/maisie/model_filter.hpp"
#include "api/maisie/problems.hpp"
#include "api/maisie/reply_schemas.hpp"
#include "api/maisie/resource.hpp"
#include "api/maisie/routes.hpp"
#include "api/maisie/upload_sink.hpp"
#include "api/route/refusals.hpp"
#include "engine/base/json_members.hpp"
#include "engine/catalog/catalog.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using api::Answered;
using api::Call;
using http::Method;

Json text_up_to(std::size_t longest) { return {{"type", "string"}, {"maxLength", longest}}; }

std::vector<FieldColumn> model_columns() {
  const Json text{{"type", "string"}}, integer{{"type", "integer"}};
  const auto like = [](Json declaration, Json example) {
    declaration["example"] = std::move(example);
    return declaration;
  };
  const Json dictionary{{"type", "object"}, {"doc", "an object, or JSON in a text"}};
  const Json names{{"type", "array"}, {"items", text_up_to(40)}, {"commas", true}};
  return {{.name = "project_id",
           .column = "project_id",
           .declaration = like(integer, 1),
           .is_required = true},
          {"name", "name", like(text_up_to(40), "lenet")},
          {"dataset_name", "dataset_name", like(text_up_to(120), "mnist")},
          {"dataset_description", "dataset_description", text},
          {"hyperparameters", "hyperparameters", like(dictionary, {{"lr", 0.01}, {"epochs", 10}})},
          {"parameters", "parameters", like(dictionary, {{"layers", 5}})},
          {"metrics", "metrics", like(dictionary, {{"acc", 0.98}})},
          {"tags", "tags", like(names, {"baseline", "prod"})},
          {"private", "private", {{"type", "boolean"}}},
          {"job_id", "job_id", integer},
          {"pipeline", "pipeline_name", text_up_to(255)},
          {"pipeline_sha256", "pipeline_sha256", text_up_to(64)},
          {"dataset_uri", "dataset_uri", text_up_to(2'048)},
          {"dataset_sha256", "dataset_sha256", text_up_to(64)},
          {"git_active_branch", "git_branch", text},
          {"git_commit_hash", "git_commit", text}};
}

// What an upload says besides of its file, and the file.
Json upload_schema() {
  auto responses = shows_one("Model");
  responses["409"] = {
      {"doc", "Bytes of the upload in pieces are missing, or another request uses it."}};
  auto fields = declared_fields(model_columns(), true);
  const Json more{
      {"user_id", {{"type", "integer"}, {"doc", "is not looked at: who signs in is the user"}}},
      {"upload",
       {{"type", "string"},
        {"doc", "id of a finished upload in pieces, which comes in place of the part file"},
        {"example", "0f6c1c1e6a1d4a5f9b3e2d7c8a9b0c1d"}}},
      {"file_sha256",
       {{"type", "string"},
        {"pattern", "^([0-9A-Fa-f]{64})?$"},
        {"doc", "SHA-256 that the file must have, 64 hexadecimal digits"}}}};
  put_members(fields, more);
  return {{"fields", std::move(fields)},
          {"file",
           {{"file",
             {{"mandatory", true},
              {"missing", "Missing required parameter in an uploaded file"},
              {"instead", "upload"},
              {"doc", "the model"}}}}},
          {"responses", std::move(responses)}};
}

api::Refusal refuse_field(std::string_view field, std::string message) {
  return {.error = {Code::InvalidArgument, std::move(message), {}, std::string{field}}};
}

// The uploaded part `file`, or null.
http::FormFile* file_of(const http::Request& request) {
  auto* form = request.upload ? request.upload->form() : nullptr;
  if (form == nullptr) return nullptr;
  const auto found = std::find_if(form->files().begin(), form->files().end(),
                                  [](const auto& file) { return file.name == "file"; });
  return found == form->files().end() ? nullptr : &*found;
}

Result<std::shared_ptr<ModelContent>, api::Refusal> take_content(Registry& registry,
                                                                 const Call& call) {
  const auto upload = call.values.text("upload");
  if (auto* part = file_of(call.request)) {
    if (!upload.empty()) return refuse_field("upload", "The file comes as the part file already");
    return std::shared_ptr<ModelContent>{call.request.upload, &ModelFile::of(*part)};
  }
  auto taken = UploadedFile::take(registry.blobs.uploads(), upload, upload_owner(call.caller));
  if (!taken.ok() && taken.error().code == Code::NotFound)
    return refuse_field("upload", "No such upload; it may have been used, or have expired");
  MR_TRY(auto content, std::move(taken));
  return content;
}

// The file as the request wants it, readable under its name.
Result<std::shared_ptr<ModelContent>, api::Refusal> publish_content(Registry& registry,
                                                                    const Call& call) {
  std::string wanted{call.values.text("file_sha256")};
  std::transform(wanted.begin(), wanted.end(), wanted.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  MR_TRY(auto content, take_content(registry, call));
  const auto& sha256 = content->name().sha256;
  if (!wanted.empty() && wanted != sha256) {
    content->drop();
    return refuse_field("file_sha256", "The file that came has another SHA-256: " + sha256);
  }
  MR_CHECK(content->publish());
  return content;
}

api::Route upload_route(const SharedRegistry& registry, api::Route create) {
  create.summary = "Upload a model";
  create.schema = upload_schema().dump();
  create.open_file = [registry](const http::PartHead& part, const api::Caller*) {
    return ModelFile::open(registry, part);
  };
  create.translate = [registry, columns = model_columns(),
                      reply = create.reply](const Call& call) -> api::TranslateResult {
    MR_TRY(auto content, publish_content(*registry, call));
    auto set = columns_of(columns, call.values);
    set["user_id"] = user_of(call.caller);
    set["file_name"] = stored_name(content->client_name());
    set["file_sha256"] = content->name().sha256;
    set["file_bytes"] = content->name().size_bytes;
    auto bound = bind_set(call, std::move(set));
    bound.reply = [reply, content = std::move(content)](const Answered& answered) {
      content->keep();
      return reply(answered);
    };
    return bound;
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
  const Json bytes{{"doc", "The file, under the name that it was given"},
                   {"type", "application/octet-stream"},
                   {"schema", {{"type", "string"}, {"format", "binary"}}}};
  auto part = bytes;
  part["doc"] = "The part that Range asked for";
  const Json responses{{"200", bytes},
                       {"206", std::move(part)},
                       {"304", {{"doc", "It is the file that the client has."}}},
                       {"412", {{"doc", "It is another file than If-Match names."}}},
                       {"416", {{"doc", "Range lies behind the end of the file."}}}};
  route.schema = Json{{"path", id_in_path("model")}, {"responses", responses}}.dump();
  route.translate = bind_id;
  route.reply = [registry](const Answered& answered) { return reply_download(registry, answered); };
  return route;
}

// Lets a change through for the user of a model only, where that is asked for.
void keep_for_owner(const SharedRegistry& registry, api::Route& route) {
  if (!registry->settings.owners_only) return;
  route.auth = api::Auth::Required;
  route.translate = [registry,
                     inner = std::move(route.translate)](const Call& call) -> api::TranslateResult {
    const auto id = call.values.integer("id");
    MR_TRY(const auto found,
           registry->catalog.query({{"entity", "models"},
                                    {"columns", Json::array({"user_id"})},
                                    {"where", Json::array({condition("id", "=", id)})}},
                                   call.caller.owner));
    if (found.rows() == 0) return not_found();
    if (found.column<std::int64_t>("user_id").value(0) != user_of(call.caller))
      return api::refusal(Code::PermissionDenied, "",
                          "only the user who uploaded a model may change or delete it");
    return inner(call);
  };
}

api::Route link_route(const SharedRegistry& registry, const Resource& models, Method method,
                      std::string name, std::string summary) {
  auto path = id_in_path("model");
  path["tag"] = {{"type", "integer"}, {"doc", "id of the tag"}, {"example", 1}};
  api::Route route{
      .method = method,
      .path = "/api/v1/models/{id:int}/tags/{tag:int}/",
      .name = std::move(name),
      .summary = std::move(summary),
      .auth = registry->settings.require_auth ? api::Auth::Required : api::Auth::Optional,
      .schema = Json{{"path", path}, {"responses", shows_one("Model")}}.dump()};
  route.translate = [](const Call& call) -> api::TranslateResult {
    return api::Bound{
        .parameters = {{"id", call.values.integer("id")}, {"tag", call.values.integer("tag")}}};
  };
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
  models.shown = "Model";
  models.listed = "ListedModel";
  models.in_use = "The model is in force in a stage.";
  if (registry->settings.owners_only)
    models.forbidden = "Only the user who uploaded a model may do this.";
  models.columns = model_columns();
  models.show = [](const Views& views, const Batch& rows, std::int64_t row, bool is_in_list) {
    return views.model(rows, row, is_in_list);
  };
  models.filters = model_filters();
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
