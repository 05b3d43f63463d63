#include "tests/client/registry.hpp"

#include <array>
#include <stdexcept>

#include "api/http/body_file.hpp"
#include "api/http/multipart.hpp"

#include <fmt/format.h>

namespace millrace::test {
namespace {

using client::Json;

std::string base64url(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    buffer = (buffer << 8 | static_cast<unsigned char>(c)) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += kDigits[buffer >> bits & 63];
    }
  }
  if (bits > 0) out += kDigits[buffer << (6 - bits) & 63];
  return out;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void read_form(std::string_view body, Arrived& arrived) {
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    const auto middle = std::min(pair.find('='), pair.size());
    arrived.fields[decoded(pair.substr(0, middle))] =
        decoded(pair.substr(std::min(middle + 1, pair.size())));
    body.remove_prefix(std::min(end + 1, body.size()));
  }
}

void read_multipart(Arrived& arrived) {
  std::string name, value;
  auto parser = http::MultipartParser::open(
      arrived.content_type, {.begin = [&](const http::PartHead& head) -> Result<void> {
                               name = head.name;
                               value.clear();
                               if (head.filename) {
                                 arrived.has_file = true;
                                 arrived.file_name = *head.filename;
                               }
                               return {};
                             },
                             .data = [&](std::string_view bytes) -> Result<void> {
                               value += bytes;
                               return {};
                             },
                             .end = [&]() -> Result<void> {
                               arrived.fields[name] = value;
                               return {};
                             }});
  if (parser.ok() && parser->feed(arrived.body).ok()) (void)parser->finish();
}

Arrived arrival(const http::Request& request) {
  Arrived arrived;
  arrived.line = fmt::format("{} {}", http::to_string(request.method), request.target);
  arrived.authorization = request.headers.get("Authorization");
  arrived.content_type = request.headers.get("Content-Type");
  arrived.range = request.headers.get("Range");
  arrived.if_range = request.headers.get("If-Range");
  arrived.body = request.body;
  if (arrived.content_type.starts_with("multipart/")) read_multipart(arrived);
  if (arrived.content_type == "application/x-www-form-urlencoded") read_form(request.body, arrived);
  return arrived;
}

http::Response sign_in(const http::Request& request) {
  Arrived form;
  read_form(request.body, form);
  if (form.fields["login"] != "admin" || form.fields["password"] != "secret") {
    return http::Response::json(
        401,
        R"({"error": "AuthenticationError", "message": "The password is incorrect", "status_code": 401})");
  }
  return http::Response::json(
      200, R"({"data": {"access_token": ")" + make_token(1'700'000'000, 1'700'000'900) +
               R"(", "valid_for": 900.0, "user": {"id": 1, "login": "admin"}}})");
}

}  // namespace

std::string make_token(std::int64_t issued, std::int64_t expires, const std::string& id) {
  const auto claims =
      fmt::format(R"({{"iat":{},"exp":{},"rf_exp":{},"jti":"4c7f","id":{},"rls":"admin,test"}})",
                  issued, expires, issued + 2'592'000, id);
  return base64url(R"({"typ":"JWT","alg":"HS256"})") + "." + base64url(claims) + ".c2lnbmF0dXJl";
}

Registry::Registry() {
  answers_["POST /api/v1/auth/login/"] = sign_in;
  server_ = std::make_unique<TestServer>(
      [this](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
        static_cast<void>(http::load_body(*request));
        answer(request, reply);
      },
      http::Limits{.body_bytes = 16u << 20});
}

void Registry::answer(const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
  Answer chosen;
  {
    const std::lock_guard lock{mutex_};
    arrived_.push_back(arrival(*request));
    const auto found =
        answers_.find(fmt::format("{} {}", http::to_string(request->method), request->path));
    if (found != answers_.end()) chosen = found->second;
  }
  reply(chosen ? chosen(*request)
               : http::Response::json(
                     404, R"({"message": "The requested URL was not found on the server."})"));
}

void Registry::on(const std::string& place, Answer answer) {
  const std::lock_guard lock{mutex_};
  answers_[place] = std::move(answer);
}

void Registry::on(const std::string& place, int status, const std::string& body) {
  on(place, [=](const http::Request&) { return http::Response::json(status, body); });
}

std::vector<Arrived> Registry::arrived() const {
  const std::lock_guard lock{mutex_};
  return arrived_;
}

Arrived Registry::last() const {
  const auto all = arrived();
  if (all.empty()) throw std::runtime_error{"nothing has arrived"};
  return all.back();
}

std::vector<std::string> Registry::lines() const {
  std::vector<std::string> found;
  for (const auto& one : arrived()) found.push_back(one.line);
  return found;
}

std::string Registry::address() const { return fmt::format("http://127.0.0.1:{}", server_->port); }

Json Registry::settings(const Json& more) const {
  Json all{{"api_url", api_url()}, {"auth_user_login", "admin"}, {"auth_user_password", "secret"}};
  all.update(more);
  return all;
}

std::shared_ptr<client::Config> Registry::config(const Json& more) {
  client::ConfigOptions options;
  options.dictionary = settings(more);
  options.log = [log = log_](client::LogLevel level, const std::string& line) {
    log->push_back(std::string{client::to_string(level)} + " " + line);
  };
  return std::make_shared<client::Config>(std::move(options));
}

LogLines Registry::log() const { return *log_; }

}  // namespace millrace::test
