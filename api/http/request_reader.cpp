#include "api/http/request_reader.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>  // before Asio, which needs std::exchange with this compiler

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "api/http/request_id.hpp"
#include "api/http/server.hpp"
#include "api/http/target.hpp"

namespace millrace::http {

namespace {

namespace beast_http = boost::beast::http;
using boost::beast::iequals;
using BeastView = boost::beast::string_view;
using BeastError = boost::beast::error_code;

// A body is not believed to come just because its length was announced.
constexpr std::size_t kMaxBodyReserve = 64u << 10;
// "0\r\n\r\n" is the least that can still follow in a chunked body.
constexpr std::size_t kLeastChunkedRest = 5;

std::string_view view(BeastView text) { return {text.data(), text.size()}; }

bool is_plain_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Looks for the end of the head in `text` from `from`; refuses what no head may hold.
struct HeadScan {
  enum class Kind { More, Found, Malformed };
  Kind kind = Kind::More;
  std::size_t end = 0;
};

HeadScan scan_head(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != 0x7f) continue;
    if (c == '\t') continue;
    if (c == '\r') {
      if (i + 1 < text.size() && text[i + 1] != '\n') return {.kind = HeadScan::Kind::Malformed};
      continue;
    }
    if (c != '\n' || i == 0 || text[i - 1] != '\r') return {.kind = HeadScan::Kind::Malformed};
    if (i >= 3 && text[i - 2] == '\n') return {.kind = HeadScan::Kind::Found, .end = i + 1};
    if (i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\t'))
      return {.kind = HeadScan::Kind::Malformed};  // a folded line
  }
  return {};
}

}  // namespace

struct RequestReader::Parser {
  /// Fills our Request directly from Beast's parser, so that no header is copied twice.
  class Message final : public beast_http::basic_parser<true> {
   public:
    explicit Message(Parser& owner) : owner_{owner} {
      eager(true);
      header_limit(static_cast<std::uint32_t>(owner.limits.head_bytes + 1));
      body_limit(std::numeric_limits<std::uint64_t>::max());  // ours comes with the plan
    }
    int version = 11;

   private:
    void on_request_impl(beast_http::verb, BeastView method, BeastView target, int http_version,
                         BeastError& error) override {
      version = http_version;
      if (!owner_.read_request_line(view(method), view(target)))
        error = beast_http::error::bad_target;
    }
    void on_response_impl(int, BeastView, int, BeastError&) override {}
    void on_field_impl(beast_http::field field, BeastView name, BeastView value,
                       BeastError& error) override {
      if (is_header_done()) return;  // a trailer: nobody here reads them
      if (!owner_.add_field(field, view(name), view(value))) error = beast_http::error::bad_field;
    }
    void on_header_impl(BeastError& error) override {
      if (!owner_.check_head(*this)) error = beast_http::error::bad_field;
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}
    std::size_t on_body_impl(BeastView bytes, BeastError& error) override {
      return owner_.add_body(view(bytes), error);
    }
    void on_chunk_header_impl(std::uint64_t size, BeastView, BeastError& error) override {
      // What is announced too large need not come.
      if (size > owner_.most_body - owner_.received) error = beast_http::error::body_limit;
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView bytes, BeastError& error) override {
      return owner_.add_body(view(bytes), error);
    }
    void on_finish_impl(BeastError&) override {}

    Parser& owner_;
  };

  explicit Parser(const Limits& given_limits) : limits{given_limits} {}

  const Limits& limits;
  std::optional<Message> message;    // made with the first byte of a request
  std::shared_ptr<Request> request;  // shared with the handler once it is complete
  State state = State::Head;
  std::string input;        // bytes not yet understood
  std::size_t scanned = 0;  // of `input`, while the head is incomplete
  std::size_t blank_lines = 0, fields = 0, hosts = 0;
  bool has_length = false, expects = false, names_host = false;  // names_host: the target does
  BodyUse use = BodyUse::Keep;
  std::uint64_t most_body = 0, received = 0;
  bool keeps_alive = false, is_http_1_0 = false;
  int status = 0;
  std::string_view why;  // a literal

  bool refuse(int code, std::string_view text) {
    if (state != State::Refused) {
      state = State::Refused;
      status = code;
      why = text;
    }
    return false;
  }

  void begin() {
    if (!request) {
      request = std::make_shared<Request>();
      request->id = new_request_id();
    }
    message.emplace(*this);
  }

  std::size_t add_body(std::string_view bytes, BeastError& error) {
    received += bytes.size();
    if (received > most_body) {
      error = beast_http::error::body_limit;
      return 0;
    }
    if (use == BodyUse::Keep) request->body.append(bytes);
    return bytes.size();
  }

  /// Forgets the request at hand.
  void reset() {
    message.reset();
    state = State::Head;
    blank_lines = fields = hosts = scanned = 0;
    has_length = expects = names_host = false;
    received = 0;
  }

  bool read_request_line(std::string_view method, std::string_view target) {
    request->target = target;
    auto read = read_target(target);
    if (read) {
      request->path = std::move(read->path);
      request->query = std::move(read->query);
    }
    if (read && read->authority) {
      auto authority = read_authority(*read->authority);
      if (!authority) return refuse(400, "malformed host in the request target");
      request->authority = *std::move(authority);
      names_host = true;
    }
    const auto known = read_method(method);
    if (known) request->method = *known;
    if (!read) return refuse(400, "malformed request target");
    if (!known) return refuse(501, "unknown method");
    return true;
  }

  bool add_field(beast_http::field field, std::string_view name, std::string_view value) {
    if (++fields > limits.header_count) return refuse(431, "too many header fields");
    switch (field) {
      case beast_http::field::host: {
        auto authority = read_authority(value);
        if (!authority) return refuse(400, "malformed header Host: a host is meant, or HOST:PORT");
        if (!names_host) request->authority = *std::move(authority);
        ++hosts;
        break;
      }
      case beast_http::field::content_length:
        if (has_length || !is_plain_number(value))
          return refuse(400, "malformed header Content-Length");
        has_length = true;
        break;
      case beast_http::field::transfer_encoding:
        if (message->version < 11) return refuse(400, "Transfer-Encoding in HTTP/1.0");
        if (!iequals(BeastView{value.data(), value.size()}, "chunked"))
          return refuse(501, "unknown transfer coding: only chunked is");
        break;
      case beast_http::field::expect:
        if (!iequals(BeastView{value.data(), value.size()}, "100-continue"))
          return refuse(417, "unknown expectation: only 100-continue is");
        expects = message->version >= 11;
        break;
      default:
        break;
    }
    request->headers.add(std::string{name}, std::string{value});
    return true;
  }

  bool check_head(const Message& head) {
    if (hosts > 1 || (hosts == 0 && head.version >= 11))
      return refuse(400, "exactly one header Host is needed");
    // Nobody is to see the host that does not count (RFC 9112, 3.2.2).
    if (names_host) request->headers.set("Host", request->authority.text());
    keeps_alive = head.keep_alive();
    is_http_1_0 = head.version < 11;
    return true;
  }

  void explain(const BeastError& error, std::string_view text) {
    is_http_1_0 = message->version < 11;
    keeps_alive = false;
    if (state == State::Head && request->path.empty()) read_what_there_is(text);
    if (error == beast_http::error::body_limit) refuse(413, "body too large");
    if (error == beast_http::error::header_limit) refuse(431, "request head too large");
    if (error == beast_http::error::bad_version) {
      const auto line = text.substr(0, text.find("\r\n"));
      const auto word = line.substr(line.rfind(' ') + 1);
      if (word.size() == 8 && word.starts_with("HTTP/") && word[6] == '.')
        refuse(505, "unknown HTTP version");
    }
    refuse(400, state == State::Body ? "malformed body" : "malformed request head");
  }

  /// Returns how much of `text` was understood.
  std::size_t advance(std::string_view text) {
    std::size_t used = 0;
    if (state == State::Head) used = read_head(text);
    while (state == State::Body && used < text.size()) {
      const auto rest = text.substr(used);
      const bool is_chunked = message->chunked();
      // The parser's own assertions want the end of a chunked body in one piece.
      if (is_chunked && rest.size() < kLeastChunkedRest) break;
      BeastError error;
      const auto taken = message->put({rest.data(), rest.size()}, error);
      used += taken;
      if (error && error != beast_http::error::need_more) {
        explain(error, {});
        break;
      }
      if (message->is_done()) state = State::Complete;
      if (error == beast_http::error::need_more || taken == 0) break;
    }
    if (state == State::Body && text.size() - used > RequestReader::kMaxChunkLine)
      refuse(400, "chunk line too long");
    return used;
  }

  std::size_t read_head(std::string_view text) {
    std::size_t start = 0;
    // An empty line or two before the request line is forgiven (RFC 9112, 2.2).
    while (scanned == 0 && blank_lines < 2 && text.substr(start).starts_with("\r\n")) {
      start += 2;
      ++blank_lines;
    }
    const auto head = text.substr(start);
    if (head.empty() || head == "\r") return start;
    const auto scan = scan_head(head, scanned > 0 ? scanned - 1 : 0);
    const bool is_too_large =
        (scan.kind == HeadScan::Kind::Found ? scan.end : head.size()) > limits.head_bytes;
    if (scan.kind == HeadScan::Kind::Malformed || is_too_large) {
      begin();
      read_what_there_is(head);
      scan.kind == HeadScan::Kind::Malformed ? refuse(400, "malformed request head")
                                             : refuse(431, "request head too large");
      return start;
    }
    if (scan.kind == HeadScan::Kind::More) {
      scanned = head.size();
      return start;
    }
    scanned = 0;
    begin();
    BeastError error;
    message->put({head.data(), scan.end}, error);
    if (state == State::Refused) {
      is_http_1_0 = message->version < 11;
    } else if (error && error != beast_http::error::need_more) {
      explain(error, head);
    } else {
      state = message->is_done() ? State::Complete : State::HeadDone;
    }
    return start + scan.end;
  }

  /// Finds out the target of a head that is not even well formed, since it decides in whose words
  /// the answer is.
  void read_what_there_is(std::string_view head) {
    head.remove_prefix(std::min(head.find_first_not_of("\r\n"), head.size()));
    const auto line = head.substr(0, head.find_first_of("\r\n"));
    const auto first = line.find(' ');
    if (first == std::string_view::npos) return;
    const auto target = line.substr(first + 1, line.find(' ', first + 1) - first - 1);
    if (auto read = read_target(target)) {
      request->target = target;
      request->path = std::move(read->path);
    }
  }
};

RequestReader::RequestReader(const Limits& limits) : parser_{std::make_unique<Parser>(limits)} {}

RequestReader::~RequestReader() = default;

RequestReader::State RequestReader::feed(std::string_view bytes) {
  auto& p = *parser_;
  if (p.state != State::Head && p.state != State::Body) {
    p.input.append(bytes);
    return p.state;
  }
  if (p.input.empty()) {
    const auto used = p.advance(bytes);
    p.input.assign(bytes.substr(used));
  } else {
    p.input.append(bytes);
    const auto used = p.advance(p.input);
    p.input.erase(0, used);
  }
  return p.state;
}

RequestReader::State RequestReader::state() const { return parser_->state; }

bool RequestReader::has_begun() const {
  return parser_->state != State::Head || !parser_->input.empty();
}

const Request& RequestReader::request() const {
  static const Request none;
  return parser_->request ? *parser_->request : none;
}

Request& RequestReader::request() { return *parser_->request; }

RequestReader::State RequestReader::begin_body(BodyUse use, std::size_t most_bytes) {
  auto& p = *parser_;
  const auto announced = announced_size();
  if (announced.value_or(0) > most_bytes) {
    p.keeps_alive = false;
    p.refuse(413, "body too large");
    return p.state;
  }
  p.use = use;
  p.most_body = most_bytes;
  p.state = State::Body;
  if (use == BodyUse::Keep && announced)
    p.request->body.reserve(
        static_cast<std::size_t>(std::min<std::uint64_t>(*announced, kMaxBodyReserve)));
  return p.state;
}

std::optional<std::uint64_t> RequestReader::announced_size() const {
  const auto& message = parser_->message;
  if (!message || message->chunked()) return std::nullopt;
  const auto length = message->content_length();
  return length ? std::optional<std::uint64_t>{*length} : std::nullopt;
}

std::uint64_t RequestReader::received() const { return parser_->received; }

std::size_t RequestReader::body_size() const {
  return parser_->request ? parser_->request->body.size() : 0;
}

std::string RequestReader::take_body(std::string spare) {
  spare.clear();
  return std::exchange(parser_->request->body, std::move(spare));
}

std::shared_ptr<Request> RequestReader::take() {
  parser_->reset();
  return std::exchange(parser_->request, nullptr);
}

void RequestReader::refuse(int status, std::string_view why) {
  auto& p = *parser_;
  p.keeps_alive = false;
  if (p.state == State::Head) {
    p.begin();
    p.read_what_there_is(p.input);
  }
  p.refuse(status, why);
}

bool RequestReader::keeps_alive() const { return parser_->keeps_alive; }
bool RequestReader::is_http_1_0() const { return parser_->is_http_1_0; }

bool RequestReader::expects_continue() const { return parser_->expects; }

bool RequestReader::take_expectation() {
  return parser_->state == State::Body && std::exchange(parser_->expects, false);
}

int RequestReader::status() const { return parser_->status; }
std::string_view RequestReader::why() const { return parser_->why; }

void RequestReader::release() {
  if (parser_->input.empty()) std::string{}.swap(parser_->input);
}

}  // namespace millrace::http
