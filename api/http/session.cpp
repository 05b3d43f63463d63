#include "api/http/session.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "api/http/answer.hpp"
#include "api/http/body_intake.hpp"
#include "api/http/event_stream.hpp"
#include "api/http/file_sender.hpp"
#include "api/http/listener.hpp"
#include "api/http/object_feed.hpp"
#include "api/http/range.hpp"
#include "api/http/response_head.hpp"

#include <fmt/format.h>

namespace millrace::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kTlsReadBytes = 8u << 10;
constexpr std::size_t kKeptBytes = 1u << 10;  // a string beyond this is freed between requests
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::seconds kHeartbeat{15};

}  // namespace

Session::Session(IoThread& io, std::shared_ptr<Listener> listener, tcp::socket socket)
    : io_{io},
      listener_{std::move(listener)},
      socket_{std::move(socket)},
      reader_{listener_->limits(), listener_->site().body_limit} {}

Session::~Session() = default;

void Session::start() {
  place_ = io_.enter(shared_from_this());
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  if (error || io_.is_draining()) return close();
  remote_ = peer.address().to_string();
  socket_.set_option(tcp::no_delay{true}, error);
  socket_.non_blocking(true, error);
  if (error) return close();
  if (listener_->tls() == nullptr) return advance();

  phase_ = Phase::Handshake;
  tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, *listener_->tls());
  expect_until(listener_->limits().head_timeout);
  tls_->async_handshake(asio::ssl::stream_base::server,
                        [self = shared_from_this()](const error_code& failed) {
                          if (self->phase_ == Phase::Closed) return;
                          if (failed || self->io_.is_draining()) return self->close();
                          self->phase_ = Phase::Idle;
                          self->advance();
                        });
}

// --- reading ---

void Session::advance() {
  for (;;) {
    switch (reader_.state()) {
      case RequestReader::State::Head:
        return await_bytes();
      case RequestReader::State::Body:
        if (!take_in_body()) return;
        return await_bytes();
      case RequestReader::State::Refused:
        refuse(reader_.status(), reader_.why());
        return;
      case RequestReader::State::Complete:
        if (!take_in_body() || !handle()) return;
    }
  }
}

bool Session::take_in_body() {
  if (!std::exchange(has_asked_for_sink_, true) && !open_sink()) return false;
  if (!intake_) return true;
  switch (intake_->advance(reader_)) {
    case BodyIntake::Next::MoreBytes:
    case BodyIntake::Next::Whole:
      return true;
    case BodyIntake::Next::Wake:
      phase_ = Phase::Storing;
      expect_nothing();  // it is our disk that is slow, not the client
      return false;
    case BodyIntake::Next::Refused:
      break;
  }
  const auto error = intake_->error();
  if (error.code == Code::Internal || error.code == Code::Io)
    spdlog::error("storing a body failed error={} detail={}", error.message, error.detail);
  return refuse(status_of_sink_error(error), error.message);
}

bool Session::open_sink() {
  const auto& site = listener_->site();
  const bool has_body = reader_.state() == RequestReader::State::Body || reader_.body_size() > 0;
  if (!site.body_sink || !has_body) return true;
  std::unique_ptr<BodySink> sink;
  try {
    sink = site.body_sink(reader_.request());
  } catch (const std::exception& thrown) {
    spdlog::error("choice of a body sink failed error={}", thrown.what());
    return refuse(500, "internal error");
  }
  if (sink)
    intake_ = std::make_shared<BodyIntake>(io_, std::move(sink), [session = weak_from_this()] {
      if (const auto self = session.lock()) self->on_stored();
    });
  return true;
}

void Session::on_stored() {
  // Else the client is still sending what makes the next piece.
  if (phase_ == Phase::Storing || (phase_ == Phase::Reading && intake_->has_failed())) advance();
}

void Session::await_bytes() {
  const auto& limits = listener_->limits();
  if (reader_.state() == RequestReader::State::Body) {
    if (reader_.take_expectation() &&
        !write("HTTP/1.1 100 Continue\r\n\r\n", {}, After::NextRequest))
      return;
    phase_ = Phase::Reading;
    expect_until(limits.body_timeout);
  } else if (!reader_.has_begun()) {
    if (phase_ != Phase::Idle || deadline_ == Clock::time_point::max()) {
      phase_ = Phase::Idle;
      reader_.release();
      expect_until(limits.idle_timeout);
    }
  } else if (phase_ != Phase::Reading) {
    phase_ = Phase::Reading;
    expect_until(limits.head_timeout);  // for the whole head, however it trickles in
  }
  read();
}

void Session::read() {
  if (is_reading_) return;
  is_reading_ = true;
  if (!tls_) {
    // Waits without a buffer, then reads into the thread's own.
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
      self->is_reading_ = false;
      std::size_t size = 0;
      if (!error) size = self->socket_.read_some(asio::buffer(self->io_.bytes_in), error);
      self->on_read(error, {self->io_.bytes_in.data(), size});
    });
    return;
  }
  tls_in_.resize(kTlsReadBytes);
  tls_->async_read_some(asio::buffer(tls_in_),
                        [self = shared_from_this()](const error_code& error, std::size_t size) {
                          self->is_reading_ = false;
                          self->on_read(error, {self->tls_in_.data(), size});
                        });
}

void Session::on_read(const error_code& error, std::string_view bytes) {
  if (phase_ == Phase::Closed) return;
  if (error == asio::error::would_block) return read();
  if (error) return close();
  switch (phase_) {
    case Phase::Idle:
    case Phase::Reading:
      reader_.feed(bytes);
      return advance();
    case Phase::Lingering:
    case Phase::Streaming:
      return read();  // of no interest, but the end of it is
    default:
      return;
  }
}

bool Session::handle() {
  keep_alive_ = reader_.keeps_alive();
  is_http_1_0_ = reader_.is_http_1_0();
  auto request = reader_.take();
  has_asked_for_sink_ = false;
  if (const auto intake = std::exchange(intake_, nullptr)) request->upload = intake->take_sink();
  is_head_ = request->method == Method::Head;
  request->remote = remote_;
  request->is_tls = tls_ != nullptr;
  if (request->method == Method::Get) {
    if (const auto range = request->headers.find("Range")) {
      long_ = std::make_unique<Long>();
      long_->range = *range;
      long_->if_range = request->headers.get("If-Range");
    }
  }
  phase_ = Phase::Handling;
  expect_nothing();
  io_.requests.fetch_add(1, std::memory_order_relaxed);

  is_in_handler_ = true;
  {
    auto answer = std::make_shared<Answer>(io_, weak_from_this());
    try {
      listener_->site().handler(std::move(request),
                                [answer](Response response) { answer->give(std::move(response)); });
    } catch (const std::exception& thrown) {
      spdlog::error("request handler failed error={}", thrown.what());
      answer->give(listener_->refuse(500, "internal error", Request{}));
    }
  }
  is_in_handler_ = false;
  if (!early_) return false;
  auto response = *std::move(early_);
  early_.reset();
  return respond(std::move(response));
}

bool Session::next_request() {
  long_.reset();
  if (out_.text.capacity() > kKeptBytes) std::string{}.swap(out_.text);
  std::string{}.swap(out_.body);
  if (!keep_alive_ || io_.is_draining()) {
    error_code error;
    const bool has_more = reader_.has_begun() || socket_.available(error) > 0;
    has_more && !error ? linger() : close();
    return false;
  }
  phase_ = Phase::Idle;
  expect_nothing();
  reader_.feed({});
  return true;
}

// --- answering ---

void Session::answer(Response response) {
  if (phase_ != Phase::Handling) return;
  if (is_in_handler_) {
    early_ = std::move(response);
  } else if (respond(std::move(response))) {
    advance();
  }
}

void Session::answer_is_lost() { answer(listener_->refuse(500, "request was dropped", Request{})); }

bool Session::respond(Response response) {
  if (io_.is_draining()) keep_alive_ = false;
  HeadSettings settings{.is_http_1_0 = is_http_1_0_, .keep_alive = keep_alive_, .date = io_.date()};
  if (std::holds_alternative<ObjectBody>(response.body))
    return respond_object(std::move(response), settings);
  if (std::holds_alternative<EventBody>(response.body))
    return respond_events(std::move(response), settings);
  auto& body = std::get<std::string>(response.body);
  settings.length = body.size();
  auto& text = io_.bytes_out;
  text.clear();
  append_head(text, response, settings);
  constexpr std::size_t kCopied = 16u << 10;
  if (is_head_ || response.status == 204 || response.status == 304) {
    body.clear();
  } else if (body.size() <= kCopied) {
    text += body;
    body.clear();
  }
  return write(text, std::move(body), After::NextRequest) && written();
}

bool Session::respond_object(Response response, HeadSettings settings) {
  auto object = std::get<ObjectBody>(std::move(response.body));
  response.body = std::string{};
  ByteRange range{.kind = ByteRange::Kind::Whole, .first = 0, .count = object.size};
  if (response.status == 200) {
    response.headers.emplace_back("Accept-Ranges", "bytes");
    if (long_ &&
        (long_->if_range.empty() || is_same_version(long_->if_range, header_of(response, "ETag"),
                                                    header_of(response, "Last-Modified"))))
      range = read_range(long_->range, object.size);
  }
  if (range.kind == ByteRange::Kind::Unsatisfiable) {
    auto refused = listener_->refuse(416, "range lies beyond the end", Request{});
    refused.headers.emplace_back("Content-Range", fmt::format("bytes */{}", object.size));
    return respond(std::move(refused));
  }
  if (range.kind == ByteRange::Kind::Part) {
    response.status = 206;
    response.reason.clear();
    response.headers.emplace_back(
        "Content-Range",
        fmt::format("bytes {}-{}/{}", range.first, range.first + range.count - 1, object.size));
  }
  settings.length = range.count;
  auto& text = io_.bytes_out;
  text.clear();
  append_head(text, response, settings);
  const bool has_body = !is_head_ && range.count > 0 && object.reader;
  if (has_body) {
    if (!long_) long_ = std::make_unique<Long>();
    send_from(std::move(object.reader), range.first, range.count);
  }
  return write(text, {}, has_body ? After::MoreObject : After::NextRequest) && written();
}

void Session::send_from(std::shared_ptr<ObjectReader> reader, std::uint64_t first,
                        std::uint64_t count) {
  if (!tls_)
    long_->file = FileSender::open(io_, reader, socket_.native_handle(), first, count,
                                   [session = weak_from_this()](FileSender::Outcome outcome) {
                                     if (const auto self = session.lock()) self->on_sent(outcome);
                                   });
  if (!long_->file)
    long_->object = std::make_shared<ObjectFeed>(
        io_, std::move(reader), first, count, [session = weak_from_this()] {
          const auto self = session.lock();
          if (self && self->phase_ == Phase::Fetching && self->send_object()) self->advance();
        });
}

bool Session::send_object() {
  phase_ = Phase::Fetching;
  expect_nothing();
  if (long_->file) {
    long_->file->send();
    return false;
  }
  while (auto piece = long_->object->take()) {
    const auto after = long_->object->is_done() ? After::NextRequest : After::MoreObject;
    if (!write({}, *std::move(piece), after)) return false;
    if (after == After::NextRequest) return written();
  }
  if (long_->object->is_broken()) cut_short();
  return false;
}

void Session::on_sent(FileSender::Outcome outcome) {
  if (phase_ != Phase::Fetching) return;
  switch (outcome) {
    case FileSender::Outcome::Whole:
      after_ = After::NextRequest;
      if (written()) advance();
      return;
    case FileSender::Outcome::More:
      send_object();
      return;
    case FileSender::Outcome::Full:
      phase_ = Phase::Writing;
      expect_until(listener_->limits().body_timeout);
      socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](error_code error) {
        if (self->phase_ == Phase::Closed) return;
        error ? self->close() : static_cast<void>(self->send_object());
      });
      return;
    case FileSender::Outcome::Gone:
      return close();
    case FileSender::Outcome::Broken:
      return cut_short();
  }
}

void Session::cut_short() {
  // The length has been promised: only a broken connection tells the client that the body is not
  // whole.
  spdlog::warn("reading a body failed, connection cut remote={}", remote_);
  cut();
}

bool Session::refuse(int status, std::string_view why) {
  keep_alive_ = false;
  BodyIntake::end_early(intake_, reader_);
  auto response = listener_->refuse(status, why, reader_.request());
  if (!std::holds_alternative<std::string>(response.body)) response.body = std::string{};
  const auto& body = std::get<std::string>(response.body);
  std::string text;
  append_head(text, response, {.keep_alive = false, .length = body.size(), .date = io_.date()});
  if (reader_.request().method != Method::Head) text += body;
  if (write(text, {}, After::Linger)) linger();
  return false;
}

// --- server-sent events ---

bool Session::respond_events(Response response, HeadSettings settings) {
  auto body = std::get<EventBody>(std::move(response.body));
  response.body = std::string{};
  if (header_of(response, "Content-Type").empty())
    response.headers.emplace_back("Content-Type", "text/event-stream");
  if (header_of(response, "Cache-Control").empty())
    response.headers.emplace_back("Cache-Control", "no-store");
  keep_alive_ = false;
  settings.keep_alive = false;
  settings.framing = is_http_1_0_ ? Framing::UntilClose : Framing::Chunked;
  auto& text = io_.bytes_out;
  text.clear();
  append_head(text, response, settings);
  if (is_head_) {
    if (body.closed) body.closed();
    return write(text, {}, After::NextRequest) && written();
  }
  long_ = std::make_unique<Long>();
  long_->event_body = std::move(body);
  long_->events =
      std::make_shared<EventStream>([io = io_.weak_from_this(), session = weak_from_this()] {
        if (const auto alive = io.lock())
          alive->post([session] {
            if (const auto self = session.lock()) self->send_events();
          });
      });
  return write(text, {}, After::StartEvents) && written();
}

bool Session::start_events() {
  phase_ = Phase::Streaming;
  expect_until(kHeartbeat);
  read();  // to hear of the client's going away
  if (auto start = std::exchange(long_->event_body.start, nullptr)) {
    const auto events = long_->events;
    start(
        {.send = [events](auto id, auto event, auto data) { return events->send(id, event, data); },
         .end = [events] { events->end(); }});
  }
  if (phase_ == Phase::Streaming) send_events();
  return false;
}

void Session::send_events() {
  if (phase_ == Phase::Writing && long_ && long_->events && long_->events->is_cut()) return cut();
  // While a write is under way its end looks again.
  while (phase_ == Phase::Streaming) {
    auto taken = long_->events->take();
    if (taken.is_cut) return cut();
    std::string text;
    if (!taken.text.empty() && !is_http_1_0_) {
      text = fmt::format("{:x}\r\n", taken.text.size());
      text += taken.text;
      text += "\r\n";
    } else {
      text = std::move(taken.text);
    }
    if (taken.is_last && !is_http_1_0_) text += "0\r\n\r\n";
    if (text.empty() && !taken.is_last) return;
    if (!write(text, {}, taken.is_last ? After::Close : After::Events)) return;
    if (taken.is_last) return close();
    expect_until(kHeartbeat);
  }
}

// --- writing ---

std::array<asio::const_buffer, 2> Session::Outgoing::buffers() const {
  const auto in_text = std::min(done, text.size());
  return {asio::buffer(text) + in_text, asio::buffer(body) + (done - in_text)};
}

bool Session::write(std::string_view text, std::string body, After after) {
  after_ = after;
  std::size_t done = 0;
  if (!tls_) {
    error_code error;
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(text.data(), text.size()),
                                                    asio::buffer(body)};
    done = socket_.write_some(buffers, error);
    if (error && error != asio::error::would_block) {
      close();
      return false;
    }
    if (!error && done == text.size() + body.size()) return true;
  }
  const auto sent = std::min(done, text.size());
  out_.text.assign(text.substr(sent));
  out_.body = std::move(body);
  out_.done = done - sent;
  // `done` counts from the start of the two; what was sent of the text is not kept.
  phase_ = Phase::Writing;
  expect_until(listener_->limits().body_timeout);
  write_more();
  return false;
}

void Session::write_more() {
  auto on_written = [self = shared_from_this()](const error_code& error, std::size_t size) {
    if (self->phase_ == Phase::Closed) return;
    if (error) return self->close();
    self->out_.done += size;
    if (self->out_.left() > 0) {
      self->expect_until(self->listener_->limits().body_timeout);
      return self->write_more();
    }
    self->out_.text.clear();
    self->out_.body.clear();
    self->out_.done = 0;
    if (self->written()) self->advance();
  };
  const auto buffers = out_.buffers();
  tls_ ? tls_->async_write_some(buffers, std::move(on_written))
       : socket_.async_write_some(buffers, std::move(on_written));
}

bool Session::written() {
  if (phase_ == Phase::Closed) return false;
  switch (after_) {
    case After::NextRequest:
      // After "100 Continue" the request is still being read.
      if (reader_.state() == RequestReader::State::Body) return true;
      return next_request();
    case After::MoreObject:
      return send_object();
    case After::StartEvents:
      return start_events();
    case After::Events:
      phase_ = Phase::Streaming;
      expect_until(kHeartbeat);
      send_events();
      return false;
    case After::Linger:
      linger();
      return false;
    case After::Close:
      close();
      return false;
  }
  return false;
}

// --- the end ---

void Session::linger() {
  // Closing now would reset the connection while the client still sends, and the answer could be
  // lost (RFC 9112, 9.6).
  phase_ = Phase::Lingering;
  expect_until(kLinger);
  error_code ignored;
  if (!tls_) socket_.shutdown(tcp::socket::shutdown_send, ignored);
  read();
}

void Session::expire() {
  expect_nothing();
  switch (phase_) {
    case Phase::Reading:
      refuse(408, "request took too long");
      return;
    case Phase::Streaming:
      // A comment line keeps proxies from closing, and finds out whether the client is there.
      expect_until(kHeartbeat);
      if (write(is_http_1_0_ ? ":\n\n" : "3\r\n:\n\n\r\n", {}, After::Events)) send_events();
      return;
    case Phase::Writing:
      cut();
      return;
    default:
      close();
  }
}

void Session::drain() {
  if (phase_ == Phase::Idle && !reader_.has_begun()) return close();
  keep_alive_ = false;
  if (long_ && long_->events) long_->events->end();
}

void Session::cut() {
  if (phase_ == Phase::Closed) return;
  error_code ignored;
  socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
  close();
}

void Session::close() {
  if (phase_ == Phase::Closed) return;
  const bool says_goodbye = tls_ && phase_ != Phase::Handshake && !is_reading_ && out_.left() == 0;
  phase_ = Phase::Closed;
  expect_nothing();
  if (says_goodbye) {
    // Our side of the TLS shutdown goes out with one non-blocking write; the client's is not waited
    // for.
    tls_->async_shutdown([self = shared_from_this()](const error_code&) {});
  }
  BodyIntake::end_early(intake_, reader_);
  error_code ignored;
  if (says_goodbye) socket_.shutdown(tcp::socket::shutdown_send, ignored);
  // A part that is being sent has the connection open too.
  if (long_ && std::exchange(long_->file, nullptr))
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  listener_->open_connections.fetch_sub(1, std::memory_order_relaxed);
  if (long_) {
    if (long_->events) long_->events->close();
    if (auto closed = std::exchange(long_->event_body.closed, nullptr)) closed();
  }
  if (place_) io_.leave(*std::exchange(place_, std::nullopt));
}

}  // namespace millrace::http
