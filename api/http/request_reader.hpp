#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/http/message.hpp"

namespace millrace::http {

struct Limits;

/// Turns the bytes of a connection into requests: Beast's parser, made stricter. A connection owns
/// one and feeds it what it reads; bytes beyond a complete request are kept for the next one
/// (pipelining). [one thread at a time]
///
/// Refused besides what the parser refuses: folded header lines, bare line feeds and control
/// characters, header and body beyond the limits, Content-Length that is not one plain number, any
/// transfer coding but one "chunked", a body length told in two ways, HTTP/1.1 without exactly one
/// Host.
class RequestReader {
 public:
  /// Asked with the method and target of a request: how large its body may be, in bytes.
  using BodyLimit = std::function<std::size_t(const Request&)>;

  /// `limits` and `body_limit` (which may be empty) outlive the reader.
  RequestReader(const Limits& limits, const BodyLimit& body_limit);
  ~RequestReader();

  enum class State { Head, Body, Complete, Refused };

  /// Takes bytes in and goes on as far as they lead. With no bytes it goes on with those kept from
  /// before.
  State feed(std::string_view bytes);
  [[nodiscard]] State state() const;
  /// Tells whether something of the present request has come.
  [[nodiscard]] bool has_begun() const;

  /// How much of the body has come and was not taken, in bytes.
  [[nodiscard]] std::size_t body_size() const;
  /// Gives away what has come of the body. What follows goes into the memory of `spare`.
  std::string take_body(std::string spare);

  /// The request as far as it is known; of one that was refused only a part may be filled in.
  [[nodiscard]] const Request& request() const;
  /// Gives the complete request away and makes ready for the next one.
  std::shared_ptr<Request> take();

  // Of the request given away or refused last.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool is_http_1_0() const;

  /// Returns true once when the client waits for "100 Continue" before it sends the body.
  bool take_expectation();

  /// Status and text of a refusal.
  [[nodiscard]] int status() const;
  [[nodiscard]] std::string_view why() const;

  /// Frees buffers that a connection does not need between requests.
  void release();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace millrace::http
