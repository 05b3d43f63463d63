#include "client/src/reply_reader.hpp"

namespace millrace::client::detail {
namespace {

constexpr int kMaxDepth = 100;

// Copying and writing JSON takes stack for each level, so a hostile one is not even read.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool is_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_text) {
      if (c == '\\') ++i;
      if (c == '"') is_text = false;
    } else if (c == '"') {
      is_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

std::string text_in(const Json& body, const char* key) {
  const auto found = body.find(key);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// What a refusal says: {"message": "..."}, {"message": {"field": "..."}}, {"error": "..."}, or
// error and message together.
std::string refusal(const Json& body, long status) {
  std::string text;
  if (body.is_object()) {
    text = text_in(body, "error");
    if (const auto message = body.find("message"); message != body.end()) {
      std::string more;
      if (message->is_object()) {
        for (const auto& [field, why] : message->items()) {
          more += (more.empty() ? "" : "; ") + field + ": " +
                  (why.is_string() ? why.get<std::string>() : why.dump());
        }
      } else {
        more = message->is_string() ? message->get<std::string>() : message->dump();
      }
      text += (text.empty() ? "" : ": ") + more;
    }
  }
  return text.empty() ? "the server answered with status " + std::to_string(status) : text;
}

}  // namespace

Reply read_reply(const HttpAnswer& answer) {
  Reply reply;
  reply.status = answer.head.status;
  reply.problem = answer.problem;
  // A server may refuse an upload and close before all of it has come.
  if (!reply.ok() && reply.status < 400) return reply;
  if (is_too_deep(answer.body)) {
    reply.problem = "the answer has more than 100 levels";
    return reply;
  }
  reply.body = Json::parse(answer.body, nullptr, false);
  if (reply.body.is_discarded()) reply.body = nullptr;
  const bool is_success =
      reply.status >= 200 && reply.status < 300 && reply.body.is_object() &&
      (reply.body.contains("data") || text_in(reply.body, "status") == "success");
  if (!is_success) reply.problem = refusal(reply.body, reply.status);
  return reply;
}

}  // namespace millrace::client::detail
