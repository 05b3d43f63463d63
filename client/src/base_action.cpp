#include <millrace/client/base_action.hpp>

#include "client/src/http_session.hpp"
#include "client/src/reply_reader.hpp"

namespace millrace::client {
namespace {

std::string below(std::int64_t id) { return std::to_string(id) + "/"; }

// Returns the part of a target that may stand in a log.
std::string without_query(const std::string& what) { return what.substr(0, what.find('?')); }

}  // namespace

std::shared_ptr<Config> ConfigSource::open() const {
  if (const auto* ready = std::get_if<std::shared_ptr<Config>>(&source_);
      ready != nullptr && *ready != nullptr) {
    return *ready;
  }
  ConfigOptions options;
  if (const auto* file = std::get_if<std::filesystem::path>(&source_)) options.filename = *file;
  if (const auto* dictionary = std::get_if<Json>(&source_)) options.dictionary = *dictionary;
  return std::make_shared<Config>(std::move(options));
}

BaseAction::BaseAction(const ConfigSource& source, std::string path)
    : config_{source.open()}, path_{std::move(path)} {}

Json BaseAction::get(std::int64_t id) { return send({}, below(id)); }

Json BaseAction::get_all(const ListOptions& options) { return list({}, options); }

Json BaseAction::list(const std::string& what, const ListOptions& options) {
  const auto number = [&](const std::optional<int>& given, const char* name) {
    return given ? std::to_string(*given) : config_->settings().text(name);
  };
  detail::Pairs query{{"page", number(options.page, "api_page")},
                      {"per_page", number(options.per_page, "api_per_page")}};
  if (options.query) query.emplace_back("search", *options.query);
  query.insert(query.end(), options.filters.begin(), options.filters.end());
  return send({}, what + "?" + detail::encode_form(query));
}

Json BaseAction::update(std::int64_t id, const Json& data) {
  detail::HttpRequest request;
  request.method = "PUT";
  request.body = detail::JsonBody{data.dump(-1, ' ', false, Json::error_handler_t::replace)};
  return send(std::move(request), below(id));
}

Json BaseAction::remove(std::int64_t id) {
  auto object = get(id);
  if (object.empty()) return object;
  detail::HttpRequest request;
  request.method = "DELETE";
  send(std::move(request), below(id));
  return last_reply_.ok() ? object : Json::array();
}

Json BaseAction::create(const Fields& fields, const std::string& what) {
  detail::FormBody form;
  for (const auto& [name, value] : fields) {
    if (value) form.fields.emplace_back(name, *value);
  }
  detail::HttpRequest request;
  request.method = "POST";
  request.body = std::move(form);
  return send(std::move(request), what);
}

Json BaseAction::send(detail::HttpRequest request, const std::string& what) {
  // First the token: what it costs may change which address is current.
  for (const auto& [name, value] : config_->headers()) request.headers.emplace_back(name, value);
  const auto target = path_ + "/" + what;
  const auto address = detail::checked_base_url(config_->settings().text("api_url"));
  request.url = address + "/" + target;
  last_reply_ = detail::read_reply(config_->session().send(request));
  if (!last_reply_.ok()) {
    const auto who = last_reply_.status == 0 ? "no answer from " + address
                                             : request.method + " " + without_query(target);
    config_->log().write(LogLevel::Error, who + ": " + last_reply_.problem);
    return Json::array();
  }
  const auto data = last_reply_.body.find("data");
  if (data == last_reply_.body.end()) return Json::array();
  return data->is_array() ? *data : Json::array({*data});
}

std::optional<std::string> BaseAction::setting(std::string_view name) const {
  const auto* value = config_->settings().find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return text_of(*value);
}

}  // namespace millrace::client
