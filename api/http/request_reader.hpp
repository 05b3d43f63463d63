#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
/// Host, and one that is no host.
class RequestReader {
 public:
  /// What the line before a chunk, with its extensions, or the trailers may take; more is 400.
  static constexpr std::size_t kMaxChunkLine = 8u << 10;

  /// `limits` outlives the reader.
  explicit RequestReader(const Limits& limits);
  ~RequestReader();

  /// HeadDone: the whole head is known, a body follows, and begin_body() is waited for.
  enum class State { Head, HeadDone, Body, Complete, Refused };

  /// Takes bytes in and goes on as far as they lead. With no bytes it goes on with those kept from
  /// before.
  State feed(std::string_view bytes);
  [[nodiscard]] State state() const;
  /// Tells whether something of the present request has come.
  [[nodiscard]] bool has_begun() const;

  enum class BodyUse { Keep, Discard };
  /// Says what becomes of the body, once, with HeadDone, and how large it may be: one that says
  /// that it is larger is refused at once. feed() then goes on.
  State begin_body(BodyUse use, std::size_t most_bytes);
  /// How long the body will be, where it says so.
  [[nodiscard]] std::optional<std::uint64_t> announced_size() const;
  /// How much of the body has come, in bytes.
  [[nodiscard]] std::uint64_t received() const;
  /// How much of the body has come, was kept and was not taken, in bytes.
  [[nodiscard]] std::size_t body_size() const;
  /// Gives away what has come of the body. What follows goes into the memory of `spare`.
  std::string take_body(std::string spare);

  /// The request as far as it is known; of one that was refused only a part may be filled in.
  [[nodiscard]] const Request& request() const;
  /// The same, to be filled in, with HeadDone and Refused.
  [[nodiscard]] Request& request();
  /// Gives the request away and makes ready for the next one. Of one that is not complete the rest
  /// cannot be told from the next one: nothing may be fed any more.
  std::shared_ptr<Request> take();
  /// Refuses the request that is being read, of which what has come is looked at.
  void refuse(int status, std::string_view why);

  // Of the request given away or refused last.
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool is_http_1_0() const;

  /// Tells whether the client waits for "100 Continue" before it sends the body.
  [[nodiscard]] bool expects_continue() const;
  /// Returns that once.
  bool take_expectation();

  /// Status and text of a refusal; the text is a literal.
  [[nodiscard]] int status() const;
  [[nodiscard]] std::string_view why() const;

  /// Frees buffers that a connection does not need between requests.
  void release();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace millrace::http
