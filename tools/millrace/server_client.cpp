#include "tools/millrace/server_client.hpp"

#include <array>
#include <utility>

#include <curl/curl.h>

#include <fmt/format.h>

namespace millrace::tool {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
constexpr long kConnectMilliseconds = 5'000;
constexpr long kRequestMilliseconds = 60'000;

using Steady = std::chrono::steady_clock;

Code code_of(const Json& error, long status) {
  constexpr std::array kCodes{Code::InvalidArgument, Code::NotFound,        Code::Conflict,
                              Code::DataInvalid,     Code::Cancelled,       Code::DeadlineExceeded,
                              Code::Exhausted,       Code::Unavailable,     Code::Io,
                              Code::Internal,        Code::Unauthenticated, Code::PermissionDenied};
  const auto word = error.value("code", std::string{});
  for (const auto code : kCodes) {
    if (word == to_string(code)) return code;
  }
  if (status == 404) return Code::NotFound;
  return status >= 500 ? Code::Unavailable : Code::InvalidArgument;
}

Error refusal(const std::string& body, long status) {
  const Json json = parse_json(body).value_or(Json{});
  const auto error = json.is_object() && json.contains("error") && json["error"].is_object()
                         ? json["error"]
                         : Json::object();
  auto message = error.value("message", fmt::format("the server answered with status {}", status));
  const auto faults = error.find("faults");
  if (faults != error.end() && faults->is_array() && !faults->empty() &&
      faults->front().is_object())
    message += fmt::format(": {}: {}", faults->front().value("pointer", std::string{}),
                           faults->front().value("message", std::string{}));
  return {code_of(error, status), std::move(message)};
}

}  // namespace

struct ServerClient::State {
  ~State() {
    curl_slist_free_all(headers);
    curl_slist_free_all(json_headers);
    if (handle != nullptr) curl_easy_cleanup(handle);
  }

  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  curl_slist* json_headers = nullptr;  // of a request with a body
  std::string address;
  std::array<char, CURL_ERROR_SIZE> why{};

  // Of the transfer that is under way.
  std::string body;
  EventReader reader;
  const EventReader::Each* each = nullptr;  // null: the body is kept
  bool is_enough = false;
  std::chrono::milliseconds patience{0};
  Steady::time_point last_byte{};

  Result<long> transfer(std::string_view method, std::string_view target,
                        const std::string& sent = {});

  static std::size_t take(char* data, std::size_t one, std::size_t size, void* user);
  static int look(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
};

std::size_t ServerClient::State::take(char* data, std::size_t, std::size_t size, void* user) {
  auto& self = *static_cast<State*>(user);
  self.last_byte = Steady::now();
  long status = 0;
  curl_easy_getinfo(self.handle, CURLINFO_RESPONSE_CODE, &status);
  if (self.each == nullptr || status != 200) {
    if (self.body.size() + size > kMaxBytes) return 0;
    self.body.append(data, size);
    return size;
  }
  if (self.reader.feed({data, size}, *self.each)) return size;
  self.is_enough = true;
  return 0;  // ends the transfer
}

int ServerClient::State::look(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& self = *static_cast<State*>(user);
  if (self.each == nullptr || Steady::now() - self.last_byte < self.patience) return 0;
  self.is_enough = true;
  return 1;  // ends the transfer
}

Result<long> ServerClient::State::transfer(std::string_view method, std::string_view target,
                                           const std::string& sent) {
  const auto url = address + std::string{target};
  const std::string verb{method};
  body.clear();
  is_enough = false;
  last_byte = Steady::now();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, verb.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, sent.empty() ? headers : json_headers);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sent.size()));
  if (verb == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, sent.c_str());
  } else {
    curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  }
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, each == nullptr ? kRequestMilliseconds : 0L);
  const auto outcome = curl_easy_perform(handle);
  if (outcome != CURLE_OK && !is_enough) {
    return Error{Code::Unavailable,
                 fmt::format("the server does not answer: {}: {}", address,
                             why[0] != '\0' ? why.data() : curl_easy_strerror(outcome))};
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

ServerClient::~ServerClient() = default;

Result<std::unique_ptr<ServerClient>> ServerClient::open(std::string address, std::string token) {
  static const auto kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto state = std::make_unique<State>();
  state->handle = kReady == CURLE_OK ? curl_easy_init() : nullptr;
  if (state->handle == nullptr) return Error{Code::Internal, "libcurl cannot be used"};
  while (!address.empty() && address.back() == '/') address.pop_back();
  state->address = std::move(address);
  for (auto** list : {&state->headers, &state->json_headers}) {
    *list = curl_slist_append(*list, ("Authorization: Bearer " + token).c_str());
    *list = curl_slist_append(*list, "Expect:");
  }
  state->json_headers = curl_slist_append(state->json_headers, "Content-Type: application/json");
  auto* handle = state->handle;
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, state->why.data());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // the token is for this server and nobody between
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, State::take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, state.get());
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, State::look);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, state.get());
  std::unique_ptr<ServerClient> client{new ServerClient};  // the constructor is private
  client->state_ = std::move(state);
  return client;
}

Result<Json> ServerClient::request(std::string_view method, std::string_view target,
                                   const std::string& body) {
  state_->each = nullptr;
  MR_TRY(const auto status, state_->transfer(method, target, body));
  if (status < 200 || status > 299) return refusal(state_->body, status);
  if (state_->body.empty()) return Json{};
  auto json = parse_json(state_->body);
  if (!json.ok()) return std::move(json).error().within("answer of the server");
  return json;
}

Result<void> ServerClient::stream(std::string_view target, std::chrono::milliseconds patience,
                                  const std::function<bool(const Event&)>& each) {
  state_->reader = {};
  state_->each = &each;
  state_->patience = patience;
  auto status = state_->transfer("GET", target);
  state_->each = nullptr;
  if (!status.ok()) return std::move(status).error();
  // No status: the server has not begun to answer within our patience, so there was nothing to
  // read.
  if (*status != 200 && *status != 0) return refusal(state_->body, *status);
  return {};
}

}  // namespace millrace::tool
